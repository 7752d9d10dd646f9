from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('images', '0006_taken_clock'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='damage_code',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=20),
        ),
        migrations.AddField(
            model_name='image',
            name='damage_detail',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=255),
        ),
    ]
