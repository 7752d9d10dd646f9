"""An album, or a selection of it, as one ZIP, of which any range of bytes can be sent.

The layout says what each byte of the ZIP is: it is computed from the rows alone and opens no file, because the rows
know size and CRC-32 of each. So the length is exact, and the ETag covers all that the ZIP consists of: a ZIP of
changed rows has another one. The layout waits in a temporary file, while a slow client takes hours: no connection
to the database and no memory are held for it.

The sender opens the files one after the other. If one is not as its row said, because it was lost, altered, deleted
or made again, the answer ends early: a client never gets a ZIP that looks whole and is not.
"""

import errno
import hashlib
import logging
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from images.delivery.file_names import UniqueNames, name_in_archive
from images.delivery.links import storage_name
from images.delivery.zip_format import Entry, central_header, dos_time, end_of_archive, local_header
from images.storage.base import CHUNK_BYTES, image_storage
from images.storage.scratch import scratch_folder

logger = logging.getLogger(__name__)

# A layout of so many bytes (about 700 images) stays in memory; a larger one waits on the disk.
MEMORY_BYTES = 64 * 1024
# The layout is found again at each so-manieth entry.
MARK_ENTRIES = 256
# Part of the ETag: raise it when the same rows would make another ZIP.
VERSION = 1


class Member(NamedTuple):
    """One file of the archive as its image's row has it; `file` as in links, `size` in bytes, `name` as typed."""

    image: UUID
    file: str
    name: str
    size: int
    crc32: int
    modified: datetime


class _Record(NamedTuple):
    """One entry of the layout; its local header begins at `offset`."""

    offset: int
    image: UUID
    file: str
    entry: Entry

    @property
    def storage_name(self) -> str:
        return storage_name(self.image, self.file)


class _Mark(NamedTuple):
    """Where a record begins: in the layout, and its two headers in the ZIP."""

    layout: int
    offset: int
    in_directory: int


# Offset, size, CRC-32, time, image, number of the file's name, length of the entry's name, which follows.
_RECORD = struct.Struct("<QQII16sHH")


class Archive:
    """The layout of a ZIP of `size` bytes. It is a `StoredFile`: `chunks` sends a range of it, then closes it."""

    def __init__(self, members: Iterable[Member]) -> None:
        """Raises OSError when the disk has no room for the layout."""
        self._layout = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=str(scratch_folder()))  # noqa: SIM115
        self._files: dict[str, int] = {}
        self._marks: list[_Mark] = []
        self._count = self._offset = self._directory_bytes = 0
        try:
            facts = hashlib.sha256(b"%d" % VERSION)
            names = UniqueNames()
            for member in members:
                facts.update(self._add(member, names.unique(name_in_archive(member.name, member.file))))
        except BaseException:
            self.close()
            raise
        # Records have a number in place of their file's name.
        facts.update("/".join(self._files).encode())
        self.etag = facts.hexdigest()[:32]
        self._end = end_of_archive(self._count, self._offset, self._directory_bytes)
        self.size = self._offset + self._directory_bytes + len(self._end)

    def _add(self, member: Member, name: str) -> bytes:
        entry = Entry(name.encode(), member.size, member.crc32, dos_time(member.modified))
        if self._count % MARK_ENTRIES == 0:
            self._marks.append(_Mark(self._layout.tell(), self._offset, self._directory_bytes))
        file = self._files.setdefault(member.file, len(self._files))
        record = _RECORD.pack(
            self._offset, entry.size, entry.crc32, entry.modified, member.image.bytes, file, len(entry.name)
        )
        self._layout.write(record + entry.name)
        self._directory_bytes += len(central_header(entry, self._offset))
        self._offset += len(local_header(entry)) + entry.size
        self._count += 1
        return record + entry.name

    def close(self) -> None:
        self._layout.close()

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        """These bytes of the ZIP. Raises OSError when a file is not as its row said; then the ZIP cannot go on."""
        with closing(self):
            yield from _gathered(self._pieces(byte_range))

    def _pieces(self, byte_range: range) -> Iterator[bytes]:
        yield from self._file_pieces(byte_range)
        yield from self._directory_pieces(byte_range)
        part = _overlap(byte_range, self.size - len(self._end), len(self._end))
        yield self._end[part.start : part.stop]

    def _file_pieces(self, byte_range: range) -> Iterator[bytes]:
        if byte_range.start >= self._offset:
            return
        for record in self._records_from([mark.offset for mark in self._marks], byte_range.start):
            if record.offset >= byte_range.stop:
                return
            header = local_header(record.entry)
            part = _overlap(byte_range, record.offset, len(header))
            yield header[part.start : part.stop]
            if part := _overlap(byte_range, record.offset + len(header), record.entry.size):
                yield from _stored_chunks(record, part)

    def _directory_pieces(self, byte_range: range) -> Iterator[bytes]:
        begin = max(byte_range.start - self._offset, 0)
        if byte_range.stop <= self._offset or begin >= self._directory_bytes:
            return
        marks = [mark.in_directory for mark in self._marks]
        position = self._offset + max(mark for mark in marks if mark <= begin)
        for record in self._records_from(marks, begin):
            header = central_header(record.entry, record.offset)
            part = _overlap(byte_range, position, len(header))
            yield header[part.start : part.stop]
            position += len(header)
            if position >= byte_range.stop:
                return

    def _records_from(self, marks: list[int], position: int) -> Iterator[_Record]:
        """From the last mark at or before this position; `marks` are the positions of all of them."""
        nearest = max(number for number, mark in enumerate(marks) if mark <= position)
        self._layout.seek(self._marks[nearest].layout)
        files = list(self._files)
        while packed := self._layout.read(_RECORD.size):
            offset, size, crc32, modified, image, file, length = _RECORD.unpack(packed)
            entry = Entry(self._layout.read(length), size, crc32, modified)
            yield _Record(offset, UUID(bytes=image), files[file], entry)


def _overlap(byte_range: range, begin: int, length: int) -> range:
    """What of the `length` bytes that begin at `begin` is in the range, counted from `begin`."""
    return range(max(byte_range.start - begin, 0), max(min(byte_range.stop - begin, length), 0))


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks of CHUNK_BYTES to twice as many: each chunk costs a passage through all layers of the server."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= CHUNK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _stored_chunks(record: _Record, part: range) -> Iterator[bytes]:
    """A part of a stored file. The CRC-32 can be compared only where the part is the whole."""
    try:
        with closing(image_storage().open_stored(record.storage_name)) as file:
            if file.size != record.entry.size:
                raise OSError(errno.EIO, f"it has {file.size} bytes instead of {record.entry.size}")
            chunks = file.chunks(part)
            is_whole = len(part) == record.entry.size
            yield from _exactly(chunks, len(part), record.entry.crc32 if is_whole else None)
    except OSError as error:
        logger.warning("a download ended early: %s: %s", record.storage_name, error)
        raise


def _exactly(chunks: Iterator[bytes], size: int, crc32: int | None) -> Iterator[bytes]:
    """The chunks, the last one only when they have this size and checksum. Raises OSError."""
    received, checksum, held = 0, 0, b""
    for chunk in chunks:
        if held:
            yield held
        held = chunk
        received += len(chunk)
        checksum = zlib.crc32(chunk, checksum) if crc32 is not None else 0
    if received != size:
        raise OSError(errno.EIO, f"{received} bytes came instead of {size}")
    if crc32 is not None and checksum != crc32:
        raise OSError(errno.EIO, f"its CRC-32 is {checksum:08x} instead of {crc32:08x}")
    yield held
