"""Filters and tags for templates that show an image.

What stands in each of many tiles is a tag: Django's templates take ten times as long for the same HTML.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from images.delivery.links import Links, downloads_of, links_of
from images.models import Image
from images.processing.sizes import SIZES, SMALLEST
from images.rendering.sentences import translated

register = template.Library()
_SHOWN_TYPES = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"}
_BUSY = SafeString(' aria-busy="true"')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@register.filter
def links(image: Image) -> Links:
    """Signed links to all files of the image."""
    return links_of(image)


@register.filter
def reason(sentence: str) -> str:
    """Why an image failed or is damaged, as its row says it in English, in the reader's language."""
    return translated(sentence)


@register.filter
def downloads(image: Image) -> list[tuple[str, dict[str, Any]]]:
    """The sizes that the page of an image offers beside the original."""
    return downloads_of(image)


@register.filter
def original_is_shown(image: Image) -> bool:
    """Whether every browser shows the original in an `<img>` as its sizes are: not if its owner has turned it."""
    return not image.rotation and image.content_type in _SHOWN_TYPES


@register.simple_tag
def archive_sizes() -> list[tuple[str, int]]:
    """The sizes in which an album can be downloaded beside its originals, largest first, with their longest side.

    The smallest size, for lists, is left out.
    """
    return [(size, px) for size, px in reversed(SIZES.items()) if size != SMALLEST]


@register.simple_tag
def picture(image: Image, sizes: str, alt: str = "") -> SafeString:
    """The `<img>` of a ready image in a list; the browser chooses the file by `sizes`, as in HTML."""
    links = links_of(image)
    return format_html(
        '<img src="{}" srcset="{}" sizes="{}" width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        links.tile.url if links.tile else links.original,
        links.srcset,
        sizes,
        image.width,
        image.height,
        alt,
    )


@register.simple_tag
def tile_attributes(image: Image) -> SafeString:
    """Those of a tile's `<li>`, by which the stylesheets and album-grid.js know it."""
    thumbhash = "" if image.is_failed else image.placeholder
    return format_html(
        'class="tile tile--{0} {1}" id="i-{2}" data-image="{2}" data-added="{3}" data-taken="{4}" data-status="{8}"'
        ' data-width="{5}" data-height="{6}"{7}{9}',
        image.status,
        _ratio_class(image),
        image.public_id,
        _microseconds(image.created_at),
        _microseconds(image.sorted_at),
        image.width,
        image.height,
        format_html(' data-thumbhash="{}"', thumbhash) if thumbhash else "",
        "turning" if image.is_turning else image.status,
        _BUSY if image.is_turning else "",
    )


def _ratio_class(image: Image) -> str:
    """`r-15` for 3:2: the nearest class of css/components/ratios.css, which counts width / height in tenths."""
    tenths = round(10 * image.width / image.height)
    return f"r-{min(max(tenths, 5), 60)}"


def _microseconds(moment: datetime) -> int:
    """Since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
