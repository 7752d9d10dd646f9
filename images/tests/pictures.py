"""Pictures made in memory. Real photos, where the camera matters, come from `corpus.py`."""

from io import BytesIO
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (40, 60, 200), (245, 245, 245)


def quarters(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Red, green; blue, white: tells each of the eight orientations from the others."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture.convert(mode)


def plain(width: int = 64, height: int = 48, color: Any = RED, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), color)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def jpeg_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "JPEG", **options)


def png_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "PNG", **options)


def webp_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "WEBP", **options)


def avif_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "AVIF", speed=10, **options)


def heic_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "HEIF", **options)


def gif_bytes(width: int = 64, height: int = 48, colors: Any = (RED,), **options: Any) -> bytes:
    """One frame for each color; more than one is an animation."""
    first, *others = (plain(width, height, color) for color in colors)
    more = {"save_all": True, "append_images": others, "duration": 100} if others else {}
    return saved(first, "GIF", **more, **options)


def alpha_png_bytes(width: int = 64, height: int = 48, alpha: int = 0) -> bytes:
    """The left half red, the right half as opaque as `alpha` says (0 to 255)."""
    picture = Image.new("RGBA", (width, height), (*RED, 255))
    picture.paste((*RED, alpha), (width // 2, 0, width, height))
    return saved(picture, "PNG")


def cmyk_jpeg_bytes(width: int = 64, height: int = 48) -> bytes:
    return saved(quarters(width, height, "CMYK"), "JPEG", quality=95)


def grey16_png_bytes(width: int = 64, height: int = 48, value: int = 40_000) -> bytes:
    return saved(plain(width, height, value, mode="I;16"), "PNG")


def oriented_jpeg_bytes(orientation: int, width: int = 64, height: int = 48) -> bytes:
    """`quarters` of this upright size, its pixels stored as a camera held that way would."""
    undo: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = quarters(width, height)
    stored = picture.transpose(undo[orientation]) if orientation in undo else picture
    return saved(stored, "JPEG", quality=95, exif=exif_bytes(orientation=orientation))


def exif_bytes(
    orientation: int | None = None,
    make: str = "",
    model: str = "",
    taken: str = "",
    offset: str = "",
    gps: bool = False,
    description: str = "",
) -> bytes:
    """An Exif block with what is given; `taken` is "YYYY:MM:DD HH:MM:SS", `gps` is Berlin."""
    exif = Image.Exif()
    texts = {"Make": make, "Model": model, "ImageDescription": description}
    for name, text in texts.items():
        if text:
            exif[ExifTags.Base[name]] = text
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    if taken:
        photo = exif.get_ifd(ExifTags.IFD.Exif)
        photo[ExifTags.Base.DateTimeOriginal] = taken
        if offset:
            photo[ExifTags.Base.OffsetTimeOriginal] = offset
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return exif.tobytes()
