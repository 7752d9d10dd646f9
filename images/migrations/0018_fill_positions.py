"""Puts the images that are there into the order of their arrival, before all that come from now on.

Images that servers of the version before receive meanwhile stand at the beginning, until their owner moves them.
"""

from django.db import migrations
from django.db.models import F, Max

BATCH_ROWS = 5000
# In ns, as positions are: room for others between two images. The key of an image times this is less than any
# time of today.
GAP = 10**8


def fill(apps, schema_editor):
    """Safe to run again after it has failed."""
    images = apps.get_model("images", "Image").objects
    newest = images.aggregate(newest=Max("pk"))["newest"] or 0
    for start in range(0, newest, BATCH_ROWS):
        batch = images.filter(pk__gt=start, pk__lte=start + BATCH_ROWS, position=0)
        batch.update(position=F("pk") * GAP)


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0017_changes'),
    ]

    operations = [
        # Each batch by itself: one transaction would lock all images until the end.
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False),
    ]
