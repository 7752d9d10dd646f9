from django.db import migrations, models
from django.db.models import Max

STEP_ROWS = 10_000


def fill(apps, schema_editor):
    """Rows that a worker had and did not release. Safe to run again after it has failed."""
    images = apps.get_model("images", "Image").objects
    for start in range(0, (images.aggregate(newest=Max("pk"))["newest"] or 0) + 1, STEP_ROWS):
        step = images.filter(pk__gte=start, pk__lt=start + STEP_ROWS)
        step.filter(leased_until__isnull=False).update(may_have_orphans=True)


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0013_uploads'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='may_have_orphans',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
