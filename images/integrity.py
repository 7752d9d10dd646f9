"""Is each file of an image there, and are its bytes still those that were stored?

Asked of the storage only. What looks wrong is looked at a second time with a fresh row, and only
while the marker says that this is our storage at all: images come and go meanwhile.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from uuid import UUID

from images.models import Finding, Image
from images.storage import identity
from images.storage.base import image_storage

Kind = Finding.Kind


@dataclass(frozen=True)
class ExpectedFile:
    """One file of an image as its row tells of it; sizes in bytes, a CRC-32 where one was kept."""

    name: str
    size: int
    sha256: str = ""
    crc32: int | None = None

    @property
    def is_original(self) -> bool:
        return bool(self.sha256)


class DamagedFile(Exception):
    """A file that is there, but not as it was stored: what is wrong with it."""


@dataclass(frozen=True)
class Defect:
    """One file that is not as it should be, and what has been done about it."""

    kind: Finding.Kind
    file: str
    detail: str
    image: UUID | None = None
    done: str = ""

    def __str__(self) -> str:
        told = ", ".join(part for part in (self.detail, self.done) if part)
        return f"{self.kind.label}: {one_line(self.file)}" + (f" ({told})" if told else "")


def one_line(name: str) -> str:
    """On one line, and in UTF-8: strangers' names may be any bytes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)


def record(found: Defect) -> None:
    """Keep it for the admin."""
    detail = ", ".join(part for part in (found.detail, found.done) if part)
    Finding.objects.note(kind=found.kind, file=one_line(found.file), detail=detail[:255], image=found.image)


def files_of(image: Image) -> list[ExpectedFile]:
    """The original first; sizes that share a file are one."""
    original = ExpectedFile(image.original_file, image.bytes, sha256=image.sha256)
    variants = {variant["file"]: variant for variant in image.variants.values()}
    return [original] + [
        ExpectedFile(f"{image.storage_prefix}/{file}", variant["bytes"], crc32=variant.get("crc32"))
        for file, variant in variants.items()
    ]


def look(files: Iterable[ExpectedFile], *, read: bool) -> list[Defect]:
    """What is wrong with these files; with `read` every byte is compared, else only their sizes."""
    return [found for file in files if (found := _look_at(file, read=read))]


def confirm(image: Image, *, read: bool, only_original: bool = False) -> list[Defect]:
    """Look again: at the files its row names now. Raises NotOurStorage when the storage is the trouble."""
    identity.check()
    fresh = Image.objects.undeleted().filter(pk=image.pk).first()
    if fresh is None:
        return []
    files = files_of(fresh)[:1] if only_original else files_of(fresh)
    return [replace(found, image=fresh.public_id) for found in look(files, read=read)]


def _look_at(file: ExpectedFile, *, read: bool) -> Defect | None:
    missing, damaged = Kind.MISSING_VARIANT, Kind.DAMAGED_VARIANT
    if file.is_original:
        missing, damaged = Kind.MISSING_ORIGINAL, Kind.DAMAGED_ORIGINAL
    try:
        for _ in sound_bytes(file, read=read):
            pass
    except FileNotFoundError:
        return Defect(missing, file.name, "")
    except DamagedFile as wrong:
        return Defect(damaged, file.name, str(wrong))
    return None


def sound_bytes(file: ExpectedFile, *, read: bool = True) -> Iterator[bytes]:
    """The bytes of a file as its row tells of them; without `read` none, and only its size is compared.

    Raises FileNotFoundError, and DamagedFile: at their end at the latest, so they are not to be trusted before.
    """
    try:
        with closing(image_storage().open_stored(file.name)) as opened:
            if opened.size != file.size:
                raise DamagedFile(f"{opened.size} bytes instead of {file.size}")
            if read:
                yield from _compared(file, opened.chunks(range(opened.size)))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedFile(f"it cannot be read: {error.strerror or error}") from error


def _compared(file: ExpectedFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    sha256, crc32 = hashlib.sha256(), 0
    for chunk in chunks:
        sha256.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        yield chunk
    if file.sha256 and sha256.hexdigest() != file.sha256:
        raise DamagedFile(f"its SHA-256 is {sha256.hexdigest()} instead of {file.sha256}")
    if file.crc32 is not None and crc32 != file.crc32:
        raise DamagedFile(f"its CRC-32 is {crc32:08x} instead of {file.crc32:08x}")
