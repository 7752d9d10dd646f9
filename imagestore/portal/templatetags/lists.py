"""Tags of lists: what the search field takes, and the box that selects a tile."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from images.models import Image
from imagestore.kit.params import SEARCH_LENGTH

register = template.Library()
_STAR = '<span class="tile__favourite" role="img" aria-label="{}">★</span>'


@register.simple_tag
def search_length() -> int:
    """The longest search, in characters."""
    return SEARCH_LENGTH


@register.simple_tag(takes_context=True)
def tile_check(context: template.Context, image: Image) -> SafeString:
    """The box that selects a tile for the form of photos/_selection.html, and a star on a favourite."""
    album = context.get("album") or image.album
    star = format_html(_STAR, gettext("Favourite")) if image.favourite else ""
    return format_html(
        '<label class="tile__check"><input type="checkbox" name="ids" value="{}" form="selection"'
        ' data-album="{}" aria-label="{}" autocomplete="off"></label>{}',
        image.public_id,
        album.public_id,
        gettext("Select %(name)s") % {"name": image.name},
        star,
    )
