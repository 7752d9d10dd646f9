from django.db import migrations, models


class Migration(migrations.Migration):
    # The new indexes first: lists have one at every moment.

    dependencies = [
        ('images', '0003_upkeep'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['album', 'created_at', 'public_id'], name='image_list_by_age'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['album', 'sorted_at', 'public_id'], name='image_list_by_taken'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['album', 'name', 'public_id'], name='image_list_by_name'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['owner', 'trashed_at', 'public_id'], name='image_list_in_trash'),
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_age',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_taken',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_name',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_trash',
        ),
    ]
