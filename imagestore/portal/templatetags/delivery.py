"""Filters for templates that show an image."""

from typing import Any

from django import template

from images.delivery.links import Links, downloads_of, links_of
from images.models import Image

register = template.Library()


@register.filter
def links(image: Image) -> Links:
    """Signed links to all files of the image."""
    return links_of(image)


@register.filter
def downloads(image: Image) -> list[tuple[str, dict[str, Any]]]:
    """The sizes that the page of an image offers beside the original."""
    return downloads_of(image)


@register.filter
def ratio_class(image: Image) -> str:
    """`r-15` for 3:2: the nearest class of css/components/ratios.css, which counts width / height in tenths."""
    tenths = round(10 * image.width / image.height)
    return f"r-{min(max(tenths, 3), 40)}"
