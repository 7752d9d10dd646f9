from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0018_fill_positions'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['album', 'trashed_at', 'position', 'public_id'], name='list_album_hand'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['album', 'status', 'trashed_at', 'position', 'public_id'], name='list_album_status_hand'),
        ),
    ]
