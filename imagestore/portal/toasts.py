"""Messages that the user's next page shows."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext

from albums.models import Album
from images.models import Image


def say_deleted(request: HttpRequest, item: Album | Image, *, permanent: bool) -> None:
    """Say that the item is deleted, or that it is in the trash, with a button "Undo"."""
    if settings.TRASH_DAYS and not permanent:
        messages.success(request, render_to_string("trash/_undo.html", {"item": item}, request))
    else:
        messages.success(request, gettext("“%(item)s” is deleted.") % {"item": item})
