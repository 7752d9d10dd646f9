from django.db import migrations, models


class Migration(migrations.Migration):
    # The new indexes first: lists have one at every moment.

    dependencies = [
        ('albums', '0002_trash'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'created_at', 'public_id'], name='album_list_by_age'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'updated_at', 'public_id'], name='album_list_by_change'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'title', 'public_id'], name='album_list_by_title'),
        ),
        migrations.AddIndex(
            model_name='album',
            index=models.Index(fields=['owner', 'trashed_at', 'public_id'], name='album_list_in_trash'),
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_by_age',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_by_change',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_by_title',
        ),
        migrations.RemoveIndex(
            model_name='album',
            name='album_trash',
        ),
    ]
