"""Copies the sessions that have not ended, so that users stay logged in. Their column `user` is filled at the next save."""

from django.db import migrations
from django.utils import timezone

BATCH_ROWS = 1000


def copy(apps, schema_editor):
    before, now = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Session")
    fields = ("session_key", "session_data", "expire_date")
    last_key = ""
    while True:
        living = before.objects.filter(expire_date__gt=timezone.now(), session_key__gt=last_key)
        batch = list(living.order_by("session_key").values(*fields)[:BATCH_ROWS])
        if not batch:
            break
        now.objects.bulk_create([now(**row) for row in batch], ignore_conflicts=True)
        last_key = batch[-1]["session_key"]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_session"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
