"""Sizes on pages."""

from django import template

from imagestore.kit import filesize as kit

register = template.Library()


@register.filter
def filesize(size: int) -> str:
    """As everywhere, and never broken before its unit."""
    return kit.filesize(size).replace(" ", "\xa0")
