"""JPEG XL for Pillow, read by libjxl (pyjpegxl): `open` asks for the header, `load` for the pixels.

pyjpegxl has no build for Linux on ARM. There the store refuses these files by name.
"""

from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image, ImageFile

from .boxes import boxes, content, file_bytes
from .errors import InvalidImage, UnsupportedFormat

NAME = "JXL"
_EXTENSION = "pyjpegxl._pyjpegxl"
_CODESTREAM = b"\xff\x0a"
_MODES = {(1, False): "L", (1, True): "LA", (3, False): "RGB", (3, True): "RGBA"}
_HEADER_BYTES = 64
# ISO/IEC 18181-1, section D.2: how many bits a size has, by its selector.
_SIZE_BITS = (9, 13, 18, 30)

_libjxl: ModuleType | None = None


def register() -> None:
    Image.register_open(NAME, _JxlFile)


def load_library() -> None:
    """Load libjxl, where there is a build of it: too much memory for children that read other pictures."""
    global _libjxl
    with suppress(ImportError):
        _libjxl = _extension()
        _libjxl.set_num_threads(1)


def _extension() -> ModuleType:
    """The extension of pyjpegxl. The package around it would load NumPy, which the Docker image does not have."""
    package = PathFinder.find_spec("pyjpegxl")
    spec = PathFinder.find_spec(_EXTENSION, package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ImportError(_EXTENSION)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _JxlFile(ImageFile.ImageFile):
    """Size and pixels are upright: libjxl turns them as the codestream says."""

    format = NAME

    def _open(self) -> None:
        assert self.fp is not None
        self._content = self.fp.read()
        header = _ask("probe", self._content)
        self._size = header.width, header.height
        self._mode = _MODES[header.num_color_channels, header.has_alpha]
        self.info["icc_profile"], self.info["xmp"] = header.icc or b"", header.xmp or b""
        if header.exif:  # an offset stands before it (ISO/IEC 18181-2, section 9.6)
            self.info["exif"] = header.exif[4 + int.from_bytes(header.exif[:4], "big") :]

    def load(self) -> Any:
        if self._im is None:
            _, pixels = _ask("decode", self._content, dtype="uint8")
            self._im = Image.frombytes(self.mode, self.size, pixels).im
            self._content = b""
        return super().load()


def _ask(what: str, content: bytes, **options: Any) -> Any:
    try:
        return getattr(_libjxl, what)(content, **options)
    except (RuntimeError, ValueError) as error:
        raise SyntaxError(str(error)) from error


def check(path: Path) -> None:
    """Raises `UnsupportedFormat` without a decoder and for an animation, `InvalidImage` without a codestream.

    Of that pyjpegxl would decode every frame to give the last one. A picture with a preview before it counts as
    one; no encoder that we know writes it.
    """
    if _libjxl is None:
        raise UnsupportedFormat("This file is a JPEG XL picture, for which this server has no decoder.")
    head = _codestream_head(path)
    if not head.startswith(_CODESTREAM):
        raise InvalidImage
    if _is_animated(_Bits(head[len(_CODESTREAM) :])):
        raise UnsupportedFormat(
            "This file is an animated JPEG XL, of which we cannot read one picture alone. Save it as a still one."
        )


def _codestream_head(path: Path) -> bytes:
    """The first bytes of the codestream: the file's, or those of its box or boxes (ISO/IEC 18181-2)."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if head.startswith(_CODESTREAM):
            return head
        head = b""
        for box in boxes(file, 0, file_bytes(file)):
            if box.kind == b"jxlc":
                return content(file, box, _HEADER_BYTES)
            if box.kind == b"jxlp":  # one of several pieces, behind its number
                head += content(file, box, 4 + _HEADER_BYTES)[4:]
            if len(head) >= _HEADER_BYTES:
                break
        return head


def _is_animated(bits: "_Bits") -> bool:
    """ISO/IEC 18181-1, annex D."""
    _skip_size(bits)
    is_default = bits.take(1)
    if is_default or not bits.take(1):
        return False
    bits.take(3)  # orientation
    if bits.take(1):
        _skip_size(bits)
    has_preview, has_animation = bits.take(1), bits.take(1)
    return bool(has_preview or has_animation)


def _skip_size(bits: "_Bits") -> None:
    is_small = bits.take(1)
    _skip_side(bits, is_small)
    ratio = bits.take(3)  # the width follows from the height and this
    if not ratio:
        _skip_side(bits, is_small)


def _skip_side(bits: "_Bits", is_small: int) -> None:
    bits.take(5 if is_small else _SIZE_BITS[bits.take(2)])


class _Bits:
    """Reads numbers of some bits each, last bit of a byte first. Raises `InvalidImage` behind the end."""

    def __init__(self, content: bytes) -> None:
        self._bits, self._left = int.from_bytes(content, "little"), 8 * len(content)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise InvalidImage
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value
