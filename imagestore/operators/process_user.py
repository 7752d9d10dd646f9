"""Commands that write files must run as the user that the server runs as."""

import os
import pwd
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError


def require_servers_user() -> None:
    """Raises CommandError when the server's files belong to another user.

    The server could neither read nor remove what this process writes; the images would wait for ever. The owner of
    staging tells, because the server itself made that folder.
    """
    made = next((folder for folder in (Path(settings.STAGING_DIR), settings.DATA_DIR) if folder.exists()), None)
    if made is None or (owner := made.stat().st_uid) == os.geteuid():
        return
    raise CommandError(
        f"This command runs as {_name(os.geteuid())}, but the store's files belong to {_name(owner)}: the server "
        f"could not read what is written here. Nothing was done. Run it as that user: sudo -u '#{owner}' …",
        returncode=2,
    )


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"
