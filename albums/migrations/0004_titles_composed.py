import unicodedata

from django.db import migrations


def compose(apps, schema_editor):
    """Titles of imported folders came in NFD from macOS, and were not found."""
    albums = apps.get_model('albums', 'Album').objects
    for pk, title in albums.values_list('pk', 'title').iterator(2000):
        composed = unicodedata.normalize('NFC', title)
        if composed != title and len(composed) <= 200:
            albums.filter(pk=pk).update(title=composed)


class Migration(migrations.Migration):
    dependencies = [
        ('albums', '0003_lists_by_public_id'),
    ]

    operations = [
        migrations.RunPython(compose, migrations.RunPython.noop),
    ]
