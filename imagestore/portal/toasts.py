"""Messages that the next page shows."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string

from albums.models import Album
from images.models import Image


def say_where_it_went(request: HttpRequest, thing: Album | Image, *, permanent: bool) -> None:
    """A message; from the trash there is a way back, a button "Undo"."""
    if settings.TRASH_DAYS and not permanent:
        messages.success(request, render_to_string("trash/_undo.html", {"thing": thing}, request))
    else:
        messages.success(request, f"“{thing}” is deleted.")
