from django.db import migrations
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

BATCH_ALBUMS = 1000


def choose(apps, schema_editor):
    """Covers that servers of the version before change meanwhile are put right by reconcile."""
    albums = apps.get_model('albums', 'Album').objects
    ready = apps.get_model('images', 'Image').objects.filter(status='ready', trashed_at=None, album=OuterRef('pk'))
    chosen = ready.filter(public_id=OuterRef('cover_choice')).values('pk')
    newest = ready.order_by('-created_at', '-public_id').values('pk')
    cover = Coalesce(Subquery(chosen[:1]), Subquery(newest[:1]), Value(0))
    last = 0
    while keys := list(albums.filter(pk__gt=last).order_by('pk').values_list('pk', flat=True)[:BATCH_ALBUMS]):
        albums.filter(pk__in=keys).update(cover_key=cover)
        last = keys[-1]


class Migration(migrations.Migration):

    dependencies = [
        ('albums', '0006_covers_and_living_lists'),
        ('images', '0009_list_indexes'),
    ]

    operations = [
        # Each batch by itself: one transaction would lock all albums until the end.
        migrations.RunPython(choose, migrations.RunPython.noop, atomic=False),
    ]
