from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # The new indexes first: lists have one at every moment. images/0010 fills `cover_key`.

    dependencies = [
        ('albums', '0005_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='album',
            name='cover_key',
            field=models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'doomed_at', 'trashed_at', 'created_at', 'public_id'], name='album_list_living_by_age'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'doomed_at', 'trashed_at', 'updated_at', 'public_id'], name='album_list_living_by_change'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'doomed_at', 'trashed_at', 'title_key', 'public_id'], name='album_list_living_by_title'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'doomed_at', 'trashed_at', 'public_id'], name='album_list_trashed'),
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_list_by_age',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_list_by_change',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_list_by_title',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_list_in_trash',
        ),
    ]
