"""The sentences of images.processing in the reader's language. Rows and children of the server speak English.

Pixel work knows no Django, so it writes a whole English sentence. Here each one is found again, with its values.
"""

import re

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from imagestore.kit.sentences import decimal, grouped

SENTENCES = (
    _("This picture could not be processed."),
    _(
        "This file is not a picture we can read. We take JPEG, PNG, GIF, WebP, AVIF, HEIC, JPEG XL, TIFF, BMP, "
        "and RAW (DNG, CR2, CR3, NEF, ARW, RAF)."
    ),
    _(
        "This file is %(kind)s, which we cannot read. We take JPEG, PNG, GIF, WebP, AVIF, HEIC, JPEG XL, TIFF, "
        "BMP, and RAW (DNG, CR2, CR3, NEF, ARW, RAF)."
    ),
    _("This file looks like a picture, but its beginning is broken and cannot be read."),
    _("This picture has too many pixels."),
    _("This picture has more pixels than the %(megapixels)s megapixels that we take of this format."),
    _(
        "This picture has %(width)s × %(height)s pixels, more than the %(megapixels)s megapixels that we take "
        "of this format."
    ),
    _(
        "This JPEG is built up in more than %(scans)s passes, which takes too long to read. Save it as a new "
        "JPEG with any picture editor, and upload that."
    ),
    _(
        "This PNG is cut into more than %(chunks)s chunks, which take too long to read. Save it as a new PNG "
        "with any picture editor, and upload that."
    ),
    _("This RAW file has no preview that we can show. Export it as a JPEG, and upload that."),
    _(
        "This TIFF is compressed in a way that we do not read. Save it with LZW or ZIP compression, and upload "
        "that."
    ),
    _("This file is a JPEG XL picture, for which this server has no decoder."),
    _("This file is an animated JPEG XL, of which we cannot read one picture alone. Save it as a still one."),
    _("This picture is damaged: part of it is missing or cannot be read."),
    _("This picture is damaged: only %(percent)s %% of it can be read."),
    _("Part of this picture is missing: %(percent)s %% of it can be read."),
    _("The end of this file is missing; its last rows or finest details may be missing, too."),
    _("This picture takes more time or memory to process than one picture may."),
    _("The program that reads pictures stopped while working on this one."),
    _("The program that reads pictures was killed while working on this one: the server may be out of memory."),
    _("Its original cannot be read from the storage. Upload it again."),
    _("Its original is missing from the storage. Upload it again."),
)
# What `kind` may be.
KINDS = (
    _("a RAW picture of Olympus (ORF)"),
    _("a RAW picture of Panasonic (RW2)"),
    _("a RAW picture of Sigma (X3F)"),
    _("a RAW picture of Minolta (MRW)"),
    _("a RAW picture of another maker"),
    _("a JPEG 2000 picture"),
    _("a JPEG XR picture"),
    _("a JPEG-LS picture"),
    _("a lossless JPEG of %(bits)s bits"),
    _("a JPEG of the hierarchical kind"),
    _("a JPEG of %(bits)s bits"),
    _("a JPEG of %(channels)s channels"),
    _("a Photoshop document"),
    _("a PDF document"),
    _("a PostScript document"),
    _("an icon (ICO)"),
    _("a cursor (CUR)"),
    _("a DDS texture"),
    _("a PCX picture"),
    _("an OpenEXR picture"),
    _("a Radiance HDR picture"),
    _("a QOI picture"),
    _("a GIMP document"),
    _("a BPG picture"),
    _("a DjVu document"),
    _("a video (Matroska or WebM)"),
    _("a video (Flash)"),
    _("a video (Windows Media)"),
    _("a video (MPEG)"),
    _("a video (AVI)"),
    _("a video (QuickTime)"),
    _("a video (MP4)"),
    _("a sound or video (Ogg)"),
    _("a sound (MP3)"),
    _("a sound (WAV)"),
    _("a sound (M4A)"),
    _("a ZIP archive or office document"),
    _("an SVG drawing"),
    _("a picture in a HEIF container of another codec than AVIF and HEIC"),
)


def _pattern(source: str) -> re.Pattern[str]:
    escaped = re.escape(source.replace("%%", "%"))
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", escaped))


_PATTERNS = {source: _pattern(source) for source in (*SENTENCES, *KINDS)}


def translated(sentence: str) -> str:
    """Itself if it is none of ours, as one that an older version has stored."""
    for source, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(sentence):
            values = {name: _value(text) for name, text in match.groupdict().items()}
            return gettext(source) % values
    return sentence


lazily_translated = lazy(translated, str)


def _value(text: str) -> str:
    if re.fullmatch(r"\d{1,3}(,\d{3})+", text):
        return grouped(int(text.replace(",", "")))
    return decimal(text) if re.fullmatch(r"[\d.]+", text) else translated(text)
