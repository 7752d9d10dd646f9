"""Sizes on pages."""

from django import template

from imagestore import sizes

register = template.Library()


@register.filter
def filesize(size: int) -> str:
    """As everywhere, and never broken before its unit."""
    return sizes.filesize(size).replace(" ", "\xa0")
