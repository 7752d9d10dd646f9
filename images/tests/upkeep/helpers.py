"""Ready images, and what `verify` says of them."""

from datetime import timedelta

from django.utils import timezone

from images.integrity import Kind
from images.models import Image
from images.tests.helpers import (
    colours,
    received,
    work_off,
)
from images.upkeep import verify
from images.upkeep.verify import Options

NOW = timedelta(0)


def made(holiday, count: int) -> list[Image]:
    for content in list(colours(12))[:count]:
        received(holiday, content)
    work_off()
    return list(holiday.images.order_by("pk"))


def found(**options) -> list[tuple[Kind, str]]:
    return [(each.kind, each.file) for each in verify.verify(Options(**{"older_than": NOW, **options}))]


def not_seen_for(images: list[Image], **age: int) -> None:
    """As if the scrub had last read their originals so long ago."""
    Image.objects.filter(pk__in=[image.pk for image in images]).update(
        verified_at=timezone.now() - timedelta(**age)
    )
