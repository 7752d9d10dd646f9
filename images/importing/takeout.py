"""Google Takeout: a folder for each album and each year, and beside each picture a JSON that describes it.

Google documents none of this. The names are those of exports from 2018 to 2025. The JSON of `a.jpg` is
`a.jpg.json`, or, since 2024, `a.jpg.supplemental-metadata.json`; its name before `.json` is cut to 46 characters.
A second file of one name is `a(1).jpg`, its JSON `a.jpg(1).json` or `a.jpg.supplemental-metadata(1).json`. Edited
copies have no JSON of their own.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from albums.models import TEXT_LENGTH, TITLE_LENGTH
from images.importing.sidecars import Unreadable
from images.uploads.known import Known
from images.uploads.taken import from_sidecar
from imagestore.kit.text import storable

_SUPPLEMENT = ".supplemental-metadata"
# Names are cut to 46, measured in UTF-16; in some exports to one or two fewer.
_SHORTEST_CUT = 44
_NUMBER = re.compile(r"(.*)\((\d{1,5})\)", re.DOTALL)
# What Takeout appends to the names of edited copies, by the language of the account. A long name cuts it.
_EDITED = (
    "-edited", "-bearbeitet", "-modifié", "-modificato", "-editado", "-editada", "-bewerkt", "-redigerad",
    "-redigeret", "-redigert", "-muokattu", "-edytowane", "-upraveno", "-szerkesztett", "-изменено", "-düzenlendi",
    "-編集済み", "-已修改", "-已编辑", "-수정됨",
)  # fmt: skip
_SHORTEST_CUT_STEM = 45
_YEAR_FOLDER = re.compile(
    r"(Photos from|Fotos von|Photos de|Photos du|Foto del|Foto da|Fotos de|Fotos del|Fotos de l'any|Foto's uit"
    r"|Foton från|Bilder från|Bilder fra|Billeder fra|Kuvat vuodelta|Zdjęcia z|Fotky z|Fényképek innen:"
    r"|Фото за|Фотографии за)"
    r" (1[89]|20)\d\d( r\.| г\.)?"
)
_VIDEOS = (".mp4", ".mov", ".mp", ".mv", ".m4v")
# Files that describe the account or the export, in any of its folders.
_LISTS = re.compile(
    r"(archive_browser\.html|print-subscriptions|shared_album_comments|user-generated-memory-titles)(\(\d+\))?(\.json)?"
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_FIRST_SECOND, _LAST_SECOND = -4_544_000_000, 253_370_000_000  # the years 1826 and 9998


class InTrash(Exception):
    """The picture was in Google's trash."""


def is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def is_list_of_google(name: str) -> bool:
    return bool(_LISTS.fullmatch(name))


def is_year_folder(name: str) -> bool:
    """Google makes these of all pictures, those of albums too: no person made them."""
    return bool(_YEAR_FOLDER.fullmatch(name))


def moving_parts(names: Iterable[str]) -> set[str]:
    """Videos that belong to a picture of the same name: live and motion photos."""
    stems = {_stem(name) for name in names if not is_json(name) and not _is_video(name)}
    return {name for name in names if _is_video(name) and (_stem(name) in stems or name in stems)}


def _is_video(name: str) -> bool:
    return name.lower().endswith(_VIDEOS)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


# ---- Which JSON describes which file ---------------------------------------------------------


def pair(names: Iterable[str]) -> dict[str, str]:
    """File -> its JSON among these names."""
    bases = {name[: -len(".json")]: name for name in names if is_json(name)}
    pairs = {}
    for name in names:
        if not is_json(name) and (base := next((one for one in _bases_of(name) if one in bases), None)):
            pairs[name] = bases[base]
    return pairs


def _bases_of(name: str) -> Iterator[str]:
    """What the name of this file's JSON may be, without `.json`; the likeliest first."""
    for original in _originals_of(name):
        stem, dot, ending = original.rpartition(".")
        yield from _cuts(original, "")
        if numbered := _NUMBER.fullmatch(stem):
            yield from _cuts(f"{numbered[1]}{dot}{ending}", f"({numbered[2]})")
        # Pictures that had no ending when they came to Google.
        yield stem


def _originals_of(name: str) -> Iterator[str]:
    """The name itself; then, if it may be that of an edited copy, the original's."""
    yield name
    stem, dot, ending = name.rpartition(".")
    number = ""
    if numbered := _NUMBER.fullmatch(stem):
        stem, number = numbered[1], f"({numbered[2]})"
    is_cut = _utf16_length(stem) >= _SHORTEST_CUT_STEM
    for edited in _EDITED:
        for length in range(len(edited), 1 if is_cut else len(edited) - 1, -1):
            if stem.endswith(edited[:length]):
                yield f"{stem[:-length]}{number}{dot}{ending}"


def _cuts(name: str, number: str) -> Iterator[str]:
    yield name + number
    whole = name + _SUPPLEMENT
    yield from (whole[:end] + number for end in range(len(whole), len(name), -1))
    ends = range(len(name) - 1, 0, -1)
    yield from (name[:end] + number for end in ends if _utf16_length(name[:end]) >= _SHORTEST_CUT)


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# ---- What a JSON says ------------------------------------------------------------------------


def read_json(content: bytes) -> Known:
    """What Google knows of a picture. Raises Unreadable, and InTrash."""
    described = _object(content)
    if described.get("trashed") is True:
        raise InTrash
    clock = _clock(described.get("photoTakenTime"))
    return Known(
        # Google gives the moment in UTC. The zone of the camera is not known.
        taken=from_sidecar(clock, 0),
        caption=_text(described.get("description"), TEXT_LENGTH),
        favourite=described.get("favorited") is True,
    )


def album_title(content: bytes) -> str | None:
    """The title if this JSON describes an album, perhaps ""; else None. Raises Unreadable."""
    described = _object(content)
    described = described["albumData"] if isinstance(described.get("albumData"), dict) else described
    is_album = "title" in described and "photoTakenTime" not in described
    return " ".join(_text(described.get("title"), TITLE_LENGTH).split()) if is_album else None


def _object(content: bytes) -> dict[str, Any]:
    try:
        described = json.loads(content)
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, dict):
        raise Unreadable("It is not the JSON of a Google Takeout.")
    return described


def _clock(moment: object) -> datetime | None:
    seconds = str(moment.get("timestamp", "")) if isinstance(moment, dict) else ""
    if not re.fullmatch(r"-?\d{1,12}", seconds) or not _FIRST_SECOND < int(seconds) < _LAST_SECOND:
        return None
    if int(seconds) == 0:
        # Google does not know it.
        return None
    return _EPOCH + timedelta(seconds=int(seconds))


def _text(value: object, longest: int) -> str:
    return storable(value, longest) if isinstance(value, str) else ""
