"""The product's own code in a process of its own, under the settings of a server: an operator's hand.

`python -m tests.faults.inside` takes one JSON list [command, argument, …] a line and answers in JSON.
"""

import json
import sys
from dataclasses import asdict

import django


def expire_leases() -> int:
    """Whoever held one is dead: do not wait for its end."""
    from datetime import timedelta

    from django.db.models.functions import Now

    from images.models import Image

    return Image.objects.filter(leased_until__isnull=False).update(leased_until=Now() - timedelta(seconds=1))


def take_leases() -> int:
    """As if somebody else had taken over what is held, and died: whoever held it cannot renew it."""
    from uuid import uuid4

    from images.models import Image

    Image.objects.filter(lease_token__isnull=False).update(lease_token=uuid4())
    return expire_leases()


def reconcile(grace: int = 60) -> dict[str, int]:
    from images import staging
    from images.reconcile import reconcile

    staging.GRACE = grace
    return asdict(reconcile())


def render_as(key: int, token: str) -> None:
    """The work of a worker that holds, or held, this lease."""
    from uuid import UUID

    from images.models import Image
    from images.rendering import Lease, render

    render(Lease(key, Image.objects.get(pk=key).owner_id, UUID(token)))


def erase_everything() -> int:
    """All albums of all users, for ever."""
    from accounts.models import User
    from albums.models import Album
    from images.removal import doom_albums, purge

    expire_leases()
    for user in User.objects.all():
        doom_albums(user, Album.objects.filter(owner=user))
    return purge()


def verify() -> str | None:
    """The findings of `manage.py verify --checksums`; None when there is nothing to say."""
    from io import StringIO

    from django.core.management import CommandError, call_command, get_commands

    if "verify" not in get_commands():
        return None
    said = StringIO()
    try:
        call_command("verify", "--checksums", "--older-than=0", stdout=said, stderr=said)
    except (CommandError, SystemExit) as error:
        return f"{said.getvalue()} {error}"
    return None


COMMANDS = {
    work.__name__: work for work in (expire_leases, take_leases, reconcile, render_as, erase_everything, verify)
}


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
