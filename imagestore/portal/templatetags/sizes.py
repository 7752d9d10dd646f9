"""The filter that shows a size."""

from django import template

from imagestore.kit.filesize import filesize as text_of

register = template.Library()


@register.filter
def filesize(size: int) -> str:
    """`size` bytes as text that no browser breaks before the unit."""
    return text_of(size).replace(" ", "\xa0")
