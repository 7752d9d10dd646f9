"""The names under which people save files: of one image, and of many side by side in a folder.

A name in a row is text that a person typed. Inside an archive it becomes a file's name on Windows, macOS or Linux.
"""

import re
import unicodedata

from images.models import ORIGINAL

# How cameras and programs end the names of pictures, whatever the type.
PICTURE_ENDINGS = frozenset(
    {
        "jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "gif", "webp", "avif", "heic", "heif", "hif", "jxl",
        "tif", "tiff", "bmp", "dng", "cr2", "cr3", "nef", "arw", "raf",
    }
)  # fmt: skip

# File systems of Linux take names of so many bytes, those of Windows and macOS of as many UTF-16 units.
LONGEST_NAME_BYTES = 255
# Windows takes none of these; a slash or backslash would lead into another folder.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
# Names of devices, also with an ending ("Naming Files, Paths, and Namespaces", learn.microsoft.com).
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?= *(?:\.|$))", re.IGNORECASE)


def save_as(name: str, file: str) -> str:
    """For one image alone: the original's own name; `sea-large.jpg` for the file `large.v1.jpg`."""
    size = file.split(".", 1)[0]
    stem, ending = _stem(name), _ending(file)
    return _original_name(name, ending) if size == ORIGINAL else f"{stem}-{size}.{ending}"


def name_in_archive(name: str, file: str) -> str:
    """As `save_as`, but without the size, and as all systems can save it. Two images may get the same."""
    is_original = file.split(".", 1)[0] == ORIGINAL
    ending = _ending(file)
    return portable(_original_name(name, ending) if is_original else f"{_stem(name)}.{ending}")


def portable(name: str) -> str:
    """A name that Windows, macOS and Linux can save in a folder: no part of a path, no device, not too long."""
    safe = _FORBIDDEN.sub("_", name).strip(" .") or "image"
    if device := _DEVICE.match(safe):
        safe = f"{device[0]}_{safe[device.end() :]}"
    return _shortened(safe, "")


class UniqueNames:
    """Numbers names that a folder could not tell apart, whatever their case: `sea.jpg`, `Sea (2).jpg`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """This name, or with the first number that is free. `name` is as `portable` makes it."""
        key, chosen = _key(name), name
        number = self._next.get(key, 2)
        while _key(chosen) in self._taken:
            chosen = _shortened(name, f" ({number})")
            number += 1
            self._next[key] = number
        self._taken.add(_key(chosen))
        return chosen


def _key(name: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", name.casefold())


def _original_name(name: str, ending: str) -> str:
    """A name that does not end like a picture gets the ending of its type: a system might run `sea.php`."""
    return name if name.rpartition(".")[2].lower() in PICTURE_ENDINGS else f"{_stem(name)}.{ending}"


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _ending(file: str) -> str:
    return file.rpartition(".")[2]


def _shortened(name: str, number: str) -> str:
    """The name with a number in front of its ending, its stem cut where all would be too long."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, ending = name, ""
    tail = f"{number}{dot and '.'}{ending}" if ending else number
    most = LONGEST_NAME_BYTES - len(tail.encode())
    if len(stem.encode()) > most:
        stem = stem.encode()[:most].decode(errors="ignore").rstrip(" .") or "image"
    return f"{stem}{tail}"
