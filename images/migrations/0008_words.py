import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import imagestore.kit.fields

PLAIN = {'db_constraint': False, 'db_index': False, 'related_name': '+'}


class Migration(migrations.Migration):
    # The server fills the new column and table (images.upkeep.words); no migration waits for it.

    dependencies = [
        ('albums', '0005_words'),
        ('images', '0007_damage'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageWord',
            fields=[
                ('word', imagestore.kit.fields.CodePointField(max_length=64)),
                ('position', models.SmallIntegerField()),
                ('image', models.ForeignKey(
                    to='images.image', on_delete=django.db.models.deletion.CASCADE, **PLAIN,
                )),
                ('owner', models.ForeignKey(
                    to=settings.AUTH_USER_MODEL, on_delete=django.db.models.deletion.DO_NOTHING, **PLAIN,
                )),
                ('album', models.ForeignKey(
                    to='albums.album', on_delete=django.db.models.deletion.DO_NOTHING, **PLAIN,
                )),
                ('pk', models.CompositePrimaryKey(
                    'image_id', 'position', 'word', blank=True, editable=False, primary_key=True, serialize=False,
                )),
            ],
            options={'indexes': [
                models.Index(fields=['owner', 'word', 'image'], name='word_of_an_owner'),
                models.Index(fields=['album', 'word', 'image'], name='word_of_an_album'),
            ]},
        ),
        migrations.AddField(
            model_name='image',
            name='name_key',
            field=imagestore.kit.fields.NaturalKeyField('name'),
        ),
    ]
