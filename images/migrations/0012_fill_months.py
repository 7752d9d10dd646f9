"""Counts the images that are there. Servers of the version before count none meanwhile: reconcile adds theirs."""

from datetime import UTC, date

from django.db import migrations
from django.db.models import Count
from django.db.models.functions import ExtractMonth, ExtractYear

BATCH_ALBUMS = 500
SHOWN = ("pending", "ready", "failed")


def fill(apps, schema_editor):
    """Safe to run again after it has failed."""
    month_model, album_model = apps.get_model("images", "Month"), apps.get_model("albums", "Album")
    month_model.objects.all().delete()
    last = 0
    while keys := list(album_model.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH_ALBUMS]):
        last = keys[-1]
        month_model.objects.bulk_create(months_of(apps, keys), batch_size=1000)


def months_of(apps, albums):
    images = apps.get_model("images", "Image").objects.filter(album__in=albums, status__in=SHOWN, trashed_at=None)
    year, month = ExtractYear("sorted_at", tzinfo=UTC), ExtractMonth("sorted_at", tzinfo=UTC)
    dated = images.order_by().annotate(year=year, month=month)
    month_model = apps.get_model("images", "Month")
    per_month = dated.values_list("owner_id", "album_id", "year", "month").annotate(Count("pk"))
    for owner, album, year, month, count in per_month:
        yield month_model(owner_id=owner, album_id=album, begins=date(year, month, 1), image_count=count)


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0011_months'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
