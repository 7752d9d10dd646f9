import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import imagestore.kit.fields

PLAIN = {'db_constraint': False, 'db_index': False, 'related_name': '+'}


class Migration(migrations.Migration):
    # The server fills the new column and table (images.upkeep.words); no migration waits for it.

    dependencies = [
        ('albums', '0004_titles_composed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AlbumWord',
            fields=[
                ('word', imagestore.kit.fields.CodePointField(max_length=64)),
                ('position', models.SmallIntegerField()),
                ('album', models.ForeignKey(
                    to='albums.album', on_delete=django.db.models.deletion.CASCADE, **PLAIN,
                )),
                ('owner', models.ForeignKey(
                    to=settings.AUTH_USER_MODEL, on_delete=django.db.models.deletion.DO_NOTHING, **PLAIN,
                )),
                ('pk', models.CompositePrimaryKey(
                    'album_id', 'position', 'word', blank=True, editable=False, primary_key=True, serialize=False,
                )),
            ],
            options={'indexes': [models.Index(fields=['owner', 'word', 'album'], name='word_of_an_owners_album')]},
        ),
        migrations.AddField(
            model_name='album',
            name='title_key',
            field=imagestore.kit.fields.NaturalKeyField('title'),
        ),
    ]
