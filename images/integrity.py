"""Is each file of an image there, and are its bytes still those that were stored?

Check twice: an image may be rendered again or deleted between reading its row and reading its
files. `find_defects` compares with the row the caller has, `confirm` with a fresh one. `confirm`
also makes sure that the storage is this store's.
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
    """One file of an image as its row describes it; `size` in bytes. Only originals have a SHA-256."""

    name: str
    size: int
    sha256: str = ""
    crc32: int | None = None

    @property
    def is_original(self) -> bool:
        return bool(self.sha256)


class DamagedFile(Exception):
    """The file is there, but differs from what was stored. The message says how."""


@dataclass(frozen=True)
class Defect:
    """One file that is missing, damaged or unknown; `done` says what was done about it."""

    kind: Finding.Kind
    file: str
    detail: str
    image: UUID | None = None
    done: str = ""

    def __str__(self) -> str:
        return f"{self.kind.label}: {one_line(self.file)}" + (f" ({self.remarks})" if self.remarks else "")

    @property
    def remarks(self) -> str:
        return ", ".join(remark for remark in (self.detail, self.done) if remark)


def one_line(name: str) -> str:
    """The name as printable text on one line: names of unknown files may hold any bytes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)


def record(defect: Defect) -> None:
    """Write it to the findings that the admin shows."""
    Finding.objects.note(
        kind=defect.kind, file=one_line(defect.file), detail=defect.remarks[:255], image=defect.image
    )


def files_of(image: Image) -> list[ExpectedFile]:
    """The original first, then each variant's file once, even if several sizes share it."""
    original = ExpectedFile(image.original_file, image.bytes, sha256=image.sha256)
    variants = {variant["file"]: variant for variant in image.variants.values()}
    return [original] + [
        ExpectedFile(f"{image.storage_prefix}/{file}", variant["bytes"], crc32=variant.get("crc32"))
        for file, variant in variants.items()
    ]


def find_defects(files: Iterable[ExpectedFile], *, read: bool) -> list[Defect]:
    """The missing and damaged files among these. With `read` every byte is compared, else only sizes."""
    return [defect for file in files if (defect := _check(file, read=read))]


def confirm(image: Image, *, read: bool, only_original: bool = False) -> list[Defect]:
    """The defects of the files that the image's row names now; none when the image was deleted.

    Raises NotOurStorage, and OSError when the storage does not answer.
    """
    identity.check()
    fresh = Image.objects.undeleted().filter(pk=image.pk).first()
    if fresh is None:
        return []
    files = files_of(fresh)[:1] if only_original else files_of(fresh)
    return [replace(defect, image=fresh.public_id) for defect in find_defects(files, read=read)]


def _check(file: ExpectedFile, *, read: bool) -> Defect | None:
    missing, damaged = Kind.MISSING_VARIANT, Kind.DAMAGED_VARIANT
    if file.is_original:
        missing, damaged = Kind.MISSING_ORIGINAL, Kind.DAMAGED_ORIGINAL
    try:
        for _ in sound_bytes(file, read=read):
            pass
    except FileNotFoundError:
        return Defect(missing, file.name, "")
    except DamagedFile as error:
        return Defect(damaged, file.name, str(error))
    return None


def sound_bytes(file: ExpectedFile, *, read: bool = True) -> Iterator[bytes]:
    """The bytes of a file, compared with its row. Without `read` it compares only the size and yields nothing.

    Raises FileNotFoundError and DamagedFile. DamagedFile may come after the last chunk: do not use the
    bytes before the iterator has ended.
    """
    try:
        with closing(image_storage().open_stored(file.name)) as opened:
            if opened.size != file.size:
                raise DamagedFile(f"{opened.size} bytes instead of {file.size}")
            if read:
                yield from _compare(file, opened.chunks(range(opened.size)))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedFile(f"it cannot be read: {error.strerror or error}") from error


def _compare(file: ExpectedFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    sha256, crc32 = hashlib.sha256(), 0
    for chunk in chunks:
        sha256.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        yield chunk
    if file.sha256 and sha256.hexdigest() != file.sha256:
        raise DamagedFile(f"its SHA-256 is {sha256.hexdigest()} instead of {file.sha256}")
    if file.crc32 is not None and crc32 != file.crc32:
        raise DamagedFile(f"its CRC-32 is {crc32:08x} instead of {file.crc32:08x}")
