"""The errors of processing. Each has a code for programs and a sentence for people."""


class ProcessingError(Exception):
    """The file is the cause. When the machine is (a full disk), raise `OSError` instead."""

    code = "processing_error"
    detail = "This picture could not be processed."

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class UnsupportedFormat(ProcessingError):
    code = "unsupported_format"
    TAKEN = "We take JPEG, PNG, GIF, WebP, AVIF, HEIC, JPEG XL, TIFF, BMP, and RAW (DNG, CR2, CR3, NEF, ARW, RAF)."
    detail = f"This file is not a picture we can read. {TAKEN}"


class InvalidImage(ProcessingError):
    code = "invalid_image"
    detail = "This file looks like a picture, but its beginning is broken and cannot be read."


class TooManyPixels(ProcessingError):
    code = "too_many_pixels"
    detail = "This picture has too many pixels."


class Damaged(ProcessingError):
    code = "damaged"
    detail = "This picture is damaged: part of it is missing or cannot be read."


class OverLimits(ProcessingError):
    code = "over_limits"
    detail = "This picture takes more time or memory to process than one picture may."


class Crashed(ProcessingError):
    code = "crashed"
    detail = "The program that reads pictures stopped while working on this one."
    killed = (
        "The program that reads pictures was killed while working on this one: the server may be out of memory."
    )


BY_CODE: dict[str, type[ProcessingError]] = {
    kind.code: kind for kind in (UnsupportedFormat, InvalidImage, TooManyPixels, Damaged, OverLimits, Crashed)
}
