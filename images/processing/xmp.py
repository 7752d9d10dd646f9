"""Reads simple values from XMP (ISO 16684-1). The packet may be hostile: it is parsed without DTD or entities."""

from collections.abc import Set
from contextlib import suppress
from typing import Any
from xml.parsers import expat

MAX_XMP_BYTES = 256 * 1024
"""Programs write dates and camera at the beginning; a longer packet has a history of edits, or a thumbnail."""

AUX = "http://ns.adobe.com/exif/1.0/aux/ "
EXIF = "http://ns.adobe.com/exif/1.0/ "
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/ "
TIFF = "http://ns.adobe.com/tiff/1.0/ "
XMP = "http://ns.adobe.com/xap/1.0/ "

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_LONGEST_NAME = 500
_LONGEST_VALUE = 200


class _HostileError(Exception):
    """The packet has entities or very long names, which could grow without end; no honest one has."""


def values(packet: bytes, names: Set[str]) -> dict[str, str]:
    """The first value of each of `names` (a namespace constant of this module and the local name).

    Only values of the picture itself count, not those of pictures that it was made from. Of a broken packet, those
    before the break.
    """
    reader = _Reader(names)
    with suppress(expat.ExpatError, _HostileError, ValueError, LookupError):
        reader.parse(packet.strip(b"\0 \t\r\n"))
    return reader.values


class _Reader:
    def __init__(self, names: Set[str]) -> None:
        self.values: dict[str, str] = {}
        self._names = names
        self._path: list[str] = []
        self._text: list[str] = []

    def parse(self, packet: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(packet, True)

    def _refuse(self, *_: Any) -> None:
        raise _HostileError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(name) > _LONGEST_NAME:
            raise _HostileError
        if name == f"{_RDF}Description" and self._path[-1:] == [f"{_RDF}RDF"]:
            for attribute, value in attributes.items():
                self._note(attribute, value)
        self._path.append(name)
        self._text.clear()

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._path[-2:] == [f"{_RDF}RDF", f"{_RDF}Description"]:
            self._note(name, "".join(self._text))
        self._text.clear()

    def _note(self, name: str, value: str) -> None:
        if name in self._names and value.strip():
            self.values.setdefault(name, value.strip()[:_LONGEST_VALUE])
