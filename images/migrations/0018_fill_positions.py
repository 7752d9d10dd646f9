"""Puts the images that are there into the order of their arrival, before all that come from now on.

Images that servers of the version before receive meanwhile stand at the beginning, until their owner moves them.
"""

from django.db import migrations
from django.db.models import F

BATCH_ROWS = 5000
# In ns, as positions are: room for others between two images. The key of an image times this is less than any
# time of today.
GAP = 10**8


def fill(apps, schema_editor):
    """Safe to run again after it has failed."""
    images = apps.get_model("images", "Image").objects
    last = 0
    # Only keys that are there: they may have large gaps.
    while keys := list(images.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS]):
        images.filter(pk__gt=last, pk__lte=keys[-1], position=0).update(position=F("pk") * GAP)
        last = keys[-1]


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0017_changes'),
    ]

    operations = [
        # Each batch by itself: one transaction would lock all images until the end.
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False),
    ]
