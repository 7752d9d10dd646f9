from django.db import migrations, models

STEP_ROWS = 10_000


def fill(apps, schema_editor):
    """Rows that a worker had and did not release. Safe to run again after it has failed."""
    images = apps.get_model("images", "Image").objects
    last = 0
    # Only keys that are there: they may have large gaps.
    while keys := list(images.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:STEP_ROWS]):
        step = images.filter(pk__gt=last, pk__lte=keys[-1])
        step.filter(leased_until__isnull=False).update(may_have_orphans=True)
        last = keys[-1]


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
