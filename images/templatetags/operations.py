"""The numbers on the admin's first page."""

from dataclasses import dataclass

from django import template
from django.db.models import Count, Sum
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from images.models import Image, Status
from images.records import Finding
from imagestore.admin import filesize

register = template.Library()


@dataclass(frozen=True)
class Number:
    name: str
    value: str
    url: str = ""


@register.simple_tag
def numbers() -> list[Number]:
    """What an operator asks first: how much there is, what waits, what failed."""
    counts = dict(Image.objects.values_list("status").annotate(Count("pk")))
    used = User.objects.aggregate(used=Sum("used_bytes"))["used"] or 0
    images = reverse("admin:images_image_changelist")
    return [
        Number("Users", f"{User.objects.living().count():,}", reverse("admin:accounts_user_changelist")),
        Number("Albums", f"{Album.objects.living().count():,}", reverse("admin:albums_album_changelist")),
        *(
            Number(f"Images {status.label}", f"{counts.get(status, 0):,}", f"{images}?status={status}")
            for status in (Status.READY, Status.PENDING, Status.FAILED)
        ),
        Number("Images being received", f"{counts.get(Status.RECEIVING, 0):,}"),
        Number("Images being deleted", f"{counts.get(Status.DOOMED, 0):,}"),
        Number("Originals", filesize(used)),
        Number("Findings", f"{Finding.objects.unresolved().count():,}", reverse("admin:images_finding_changelist")),
    ]
