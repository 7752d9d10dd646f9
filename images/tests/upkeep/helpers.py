"""Ready images, and what `verify` says of them."""

from datetime import timedelta

from images.integrity import Kind
from images.models import Image
from images.tests.helpers import (
    colours,
    received,
    work_off,
)
from images.upkeep import verify
from images.upkeep.verify import Order

NOW = timedelta(0)


def made(holiday, count: int) -> list[Image]:
    for content in list(colours(12))[:count]:
        received(holiday, content)
    work_off()
    return list(holiday.images.order_by("pk"))


def found(**order) -> list[tuple[Kind, str]]:
    return [(each.kind, each.file) for each in verify.verify(Order(**{"older_than": NOW, **order}))]
