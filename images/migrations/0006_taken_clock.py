from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0005_favourite'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='taken_from',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='image',
            name='taken_offset_minutes',
            field=models.SmallIntegerField(editable=False, null=True, verbose_name='minutes ahead of UTC'),
        ),
        migrations.AlterField(
            model_name='image',
            name='taken_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name="taken (the camera's clock)"),
        ),
    ]
