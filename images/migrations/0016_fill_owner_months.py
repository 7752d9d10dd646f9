"""Adds up the months of albums. Servers of the version before add none meanwhile: reconcile does."""

from django.db import migrations
from django.db.models import Sum


def fill(apps, schema_editor):
    """Safe to run again after it has failed."""
    of_owner, of_album = apps.get_model("images", "OwnerMonth"), apps.get_model("images", "Month")
    of_owner.objects.all().delete()
    sums = of_album.objects.order_by().values_list("owner_id", "begins").annotate(Sum("image_count"))
    of_owner.objects.bulk_create(
        (of_owner(owner_id=owner, begins=begins, image_count=count) for owner, begins, count in sums), batch_size=1000
    )


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0015_owner_months'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
