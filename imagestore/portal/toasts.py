"""Messages that the next page shows."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest

from albums.models import Album
from images.models import Image


def say_where_it_went(request: HttpRequest, thing: Album | Image, *, permanent: bool) -> None:
    """A message; one that bears an id gets a button "Undo", which restores that."""
    if settings.TRASH_DAYS and not permanent:
        messages.success(request, f"“{thing}” is in the trash.", extra_tags=str(thing.public_id))
    else:
        messages.success(request, f"“{thing}” is deleted.")
