"""Sidecars: files beside a picture that tell its date, its caption and whether it is a favourite. Here: XMP.

Adobe XMP Specification, parts 1 and 2: an RDF description whose properties are attributes or elements.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from albums.models import TEXT_LENGTH
from images.uploads.known import Known
from images.uploads.taken import from_sidecar
from imagestore.kit.text import storable

# A sidecar of more bytes is not read. darktable's histories have some ten thousand.
MAX_SIDECAR_BYTES = 4 * 1024 * 1024
# So many stars make a favourite.
FAVOURITE_STARS = 5

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_DATES = (
    "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
    "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
    f"{_XMP}CreateDate",
)
_RATING = f"{_XMP}Rating"
_DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# ISO 8601 as XMP has it; part 1, section 8.2.1.1.
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?)?"
)
_FIRST_YEAR, _LAST_YEAR = 1826, 9998  # as images.processing.metadata


class Unreadable(Exception):
    """The sidecar is damaged, too long, or something else. The sentence says which."""


@dataclass(frozen=True)
class Sidecar:
    """A file, and the function that reads its content. The function raises Unreadable."""

    path: Path
    read_content: Callable[[bytes], Known]

    def read(self) -> Known:
        """Raises Unreadable, and OSError."""
        return self.read_content(content_of(self.path))


def content_of(path: Path) -> bytes:
    """Raises Unreadable if it is too long, and OSError."""
    with path.open("rb") as file:
        content = file.read(MAX_SIDECAR_BYTES + 1)
    if len(content) > MAX_SIDECAR_BYTES:
        raise Unreadable(f"It has more than {MAX_SIDECAR_BYTES} bytes.")
    return content


def pair(names: Iterable[str]) -> dict[str, str]:
    """File -> its XMP sidecar among these names: `a.jpg.xmp` (darktable), or else `a.xmp` (Adobe)."""
    sidecars = {name for name in names if is_xmp(name)}
    pairs = {}
    for name in names:
        if name in sidecars:
            continue
        stem = name.rpartition(".")[0] or name
        candidates = (f"{base}{ending}" for base in (name, stem) for ending in (".xmp", ".XMP"))
        if sidecar := next((one for one in candidates if one in sidecars), None):
            pairs[name] = sidecar
    return pairs


def is_xmp(name: str) -> bool:
    return name.lower().endswith(".xmp")


def read_xmp(content: bytes) -> Known:
    """Raises Unreadable."""
    try:
        root = ElementTree.fromstring(content, ElementTree.XMLParser(target=_NoDoctype()))  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"It is not XMP: {error}") from None
    descriptions = list(root.iter(f"{_RDF}Description"))
    if not descriptions:
        raise Unreadable("It is not XMP: it describes nothing.")
    dates = (_date_of(_texts(descriptions, name)) for name in _DATES)
    clock, offset = next((date for date in dates if date), (None, None))
    return Known(from_sidecar(clock, offset), _caption(descriptions), _is_favourite(_texts(descriptions, _RATING)))


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, *_: str | None) -> None:
        """A document type may define entities that grow without end. XMP has none."""
        raise ValueError("it has a document type")


def _texts(descriptions: "Iterable[ElementTree.Element]", name: str) -> list[str]:
    """The values of a property, as attribute or element."""
    texts = []
    for description in descriptions:
        element = description.find(name)
        texts += [description.get(name) or "", (element.text or "") if element is not None else ""]
    return [text.strip() for text in texts if text.strip()]


def _date_of(texts: Iterable[str]) -> tuple[datetime, int | None] | None:
    return next((date for date in map(parse_date, texts) if date), None)


def parse_date(text: str) -> tuple[datetime, int | None] | None:
    """What the clock showed, to the millisecond, and its zone in minutes east of UTC; None for no date."""
    match = _DATE.fullmatch(text[:40])
    if not match:
        return None
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    milliseconds = int((fraction or "0").ljust(3, "0")[:3])
    try:
        clock = datetime(year, month, day, hour, minute, second, milliseconds * 1000)  # noqa: DTZ001
    except ValueError:
        return None
    return (clock, _offset_minutes(zone)) if _FIRST_YEAR <= year <= _LAST_YEAR else None


def _offset_minutes(zone: str | None) -> int | None:
    if not zone or zone == "Z":
        return 0 if zone else None
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone[0] == "-" else minutes


def _caption(descriptions: "Iterable[ElementTree.Element]") -> str:
    """The default one of the languages; without a default, the first."""
    items = [item for each in descriptions for item in each.iterfind(f"{_DESCRIPTION}//{_RDF}li")]
    items.sort(key=lambda item: item.get(_LANGUAGE) != "x-default")
    texts = [*((item.text or "").strip() for item in items), *_texts(descriptions, _DESCRIPTION)]
    return storable(next(filter(None, texts), ""), TEXT_LENGTH)


def _is_favourite(texts: Iterable[str]) -> bool:
    return any(re.fullmatch(rf"[{FAVOURITE_STARS}-9](\.0*)?", text) for text in texts)
