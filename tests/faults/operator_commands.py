"""Commands that run the product's own code in another process, with the settings of a server under test.

`python -m tests.faults.operator_commands` takes one JSON list [command, argument, …] a line and answers in JSON.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

import django

from images.storage import scratch


def expire_leases() -> int:
    """End every lease now: the workers that held them are dead."""
    from datetime import timedelta

    from django.db.models.functions import Now

    from images.models import Image

    return Image.objects.filter(leased_until__isnull=False).update(leased_until=Now() - timedelta(seconds=1))


def take_leases() -> int:
    """Give every lease to another worker, which is dead too: the first one cannot renew it."""
    from uuid import uuid4

    from images.models import Image

    Image.objects.filter(lease_token__isnull=False).update(lease_token=uuid4())
    return expire_leases()


def reconcile(grace: int = 60) -> dict[str, int]:
    from images.upkeep.reconcile import reconcile

    scratch.GRACE_SECONDS = grace
    return asdict(reconcile())


def render_as(key: int, token: str) -> None:
    """The work of a worker that holds, or held, this lease."""
    from uuid import UUID

    from images.models import Image
    from images.rendering.queue import Claim
    from images.rendering.variants import render

    render(Claim(key, Image.objects.get(pk=key).owner_id, UUID(token), resumed=True))


def end_backup() -> int:
    """End the lock of a dead backup now, without its hour."""
    from datetime import timedelta

    from django.db.models.functions import Now

    from images.models import Runner

    return Runner.objects.filter(name="backup").update(leased_until=Now() - timedelta(seconds=1))


def seconds_of_hold() -> float:
    """How long an interrupted backup still holds deletions back, by the database's clock."""
    from django.db.models import F
    from django.db.models.functions import Now

    from images.models import Runner

    until, now = Runner.objects.filter(name="backup").values_list(F("leased_until"), Now()).get()
    return (until - now).total_seconds()


def become_newer() -> None:
    """What a migration may do while an older version still works: it adds, and asks nothing of old rows."""
    from django.db import connection, models

    from images.models import Image

    with connection.schema_editor() as schema:
        for name, field in _newer_columns().items():
            field.set_attributes_from_name(name)
            field.model = Image
            schema.add_field(Image, field)
        schema.add_index(Image, models.Index(fields=["camera"], name="newer_index"))
        schema.execute("CREATE TABLE newer_table (id INTEGER PRIMARY KEY)")


def become_older() -> None:
    from django.db import connection, models

    from images.models import Image

    with connection.schema_editor() as schema:
        schema.execute("DROP TABLE newer_table")
        schema.remove_index(Image, models.Index(fields=["camera"], name="newer_index"))
        for name in _newer_columns():
            schema.execute(f"ALTER TABLE {Image._meta.db_table} DROP COLUMN {name}")


def _newer_columns() -> "dict[str, Any]":
    """The first is a new table on SQLite, whose copy would lose the second."""
    from django.db import models

    return {"newer_rank": models.IntegerField(db_default=0), "newer_note": models.TextField(null=True)}


def erase_everything() -> int:
    """All albums of all users, for ever."""
    from accounts.models import User
    from albums.models import Album
    from images.deletion.removal import doom_albums, purge

    expire_leases()
    for user in User.objects.all():
        doom_albums(user, Album.objects.filter(owner=user))
    return purge()


def manage(command: str, *arguments: str) -> list:
    """The exit code of `manage.py COMMAND …`, and what it printed, or why it stopped."""
    from io import StringIO

    from django.core.management import CommandError, call_command

    said = StringIO()
    try:
        call_command(command, *arguments, stdout=said, stderr=StringIO())
    except CommandError as error:
        return [error.returncode, f"{said.getvalue()} {error}"]
    except SystemExit as end:
        return [end.code, said.getvalue()]
    return [0, said.getvalue()]


def verify() -> str | None:
    """The findings of `manage.py verify --checksums`; None when there is nothing to say."""
    code, said = manage("verify", "--checksums", "--older-than=0")
    return said if code else None


def make_operator(email: str) -> int:
    """This account may use the admin."""
    from accounts.models import User

    return User.objects.filter(email=email).update(is_staff=True, is_superuser=True)


def make_rows(album: str, count: int) -> list[str]:
    """So many images of an album that nobody has uploaded; the names of their files, not in storage yet."""
    from django.db.models import F
    from django.utils import timezone

    from albums.models import Album
    from images.models import ORIGINAL, Image, Status
    from images.processing.sizes import RENDER_VERSION, SIZES
    from images.upkeep.words import rebuild

    home, now = Album.objects.select_related("owner").get(public_id=album), timezone.now()
    same = {"album": home, "owner": home.owner, "name": "photo.jpg", "status": Status.READY, "bytes": 1, "crc32": 0,
            "content_type": "image/jpeg", "width": 1, "height": 1, "sorted_at": now, "created_at": now}  # fmt: skip
    files = {size: f"{size}.v{RENDER_VERSION}.jpg" for size in SIZES}
    facts = {"width": 1, "height": 1, "content_type": "image/jpeg", "bytes": 1, "crc32": 0}
    same["variants"] = {size: {"file": file, **facts} for size, file in files.items()}
    hashes = [f"{number:064x}" for number in range(count)]
    images = Image.objects.bulk_create([Image(sha256=one, living_sha256=one, **same) for one in hashes])
    Album.objects.filter(pk=home.pk).update(image_count=F("image_count") + count, bytes=F("bytes") + count)
    type(home.owner).objects.filter(pk=home.owner_id).update(used_bytes=F("used_bytes") + count)
    rebuild()
    return [f"{image.storage_prefix}/{file}" for image in images for file in (ORIGINAL, *files.values())]


WORKS = (
    expire_leases, take_leases, reconcile, render_as, erase_everything, manage, verify, make_operator, make_rows,
    end_backup, seconds_of_hold, become_newer, become_older,
)  # fmt: skip
COMMANDS = {work.__name__: work for work in WORKS}


def main() -> None:
    django.setup()
    from django.db import close_old_connections

    # Logs go to standard error; what the commands print must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        close_old_connections()
        try:
            answer = {"result": COMMANDS[command](*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
