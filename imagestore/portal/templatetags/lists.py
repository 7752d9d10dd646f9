"""Tags of lists: what the search field takes, and the box that selects a tile."""

from django import template

from imagestore.kit.params import SEARCH_LENGTH

register = template.Library()


@register.simple_tag
def search_length() -> int:
    """The longest search, in characters."""
    return SEARCH_LENGTH
