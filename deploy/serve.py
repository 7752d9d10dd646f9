"""Prepares keys, database, storage and static files, then becomes gunicorn.

`make run`, the container and the tests start it: `python -m deploy.serve`. It skips work that is done
already, so a second start takes seconds.
"""

import errno
import hashlib
import os
import secrets
import socket
import sys
import time
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from imagestore.kit.env import Reader

ROOT = Path(__file__).resolve().parent.parent
KEYS = ("SECRET_KEY", "JWT_SIGNING_KEY")
# MySQL's errors that end by themselves: too many connections, shutting down, no connection, a lost one.
STARTING_UP_ERRORS = (1040, 1053, 2002, 2003, 2005, 2006, 2013)


def main() -> None:
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
    data_dir = write_keys()

    import django  # not before: the settings need the keys
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit("\n".join(f"A setting is wrong: {line}" for line in str(error).splitlines()))
    for sentence in settings.SETTINGS_WARNINGS:
        print(f"WARNING: {sentence}", file=sys.stderr, flush=True)
    check_port(settings.HOST, settings.PORT)
    check_sandbox()
    migrate()
    check_storage()
    collect_static(data_dir)
    if "--tell-addresses" in sys.argv:
        from deploy import addresses

        for line in addresses.lines():
            print(line, flush=True)
    # Run gunicorn as a module of this Python: the PATH may name no gunicorn, or another one.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "imagestore.wsgi"])


def check_port(host: str, port: int) -> None:
    """End the start with one line when the address cannot be used; gunicorn would print many."""
    try:
        [family, *_, address], *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        another = f" Another port: PORT={port + 1} make run" if error.errno == errno.EADDRINUSE else ""
        sys.exit(f"HOST={host} and PORT={port} cannot be used ({error.strerror}).{another}")


def write_keys() -> Path:
    """Make DATA_DIR; write both keys to secrets.env there, unless it exists or both are given. Returns DATA_DIR.

    No crash leaves half a file.
    """
    env = Reader()
    env.read_named_file(ROOT / ".env")
    data_dir = Path(env.text("DATA_DIR", str(ROOT / "data"))).resolve()
    target = data_dir / "secrets.env"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not target.exists() and not all(env.text(key) for key in KEYS):
            _write_new_keys(target)
    except OSError as error:
        owner = ""
        if isinstance(error, PermissionError):
            owner = (
                f" The store runs as uid {os.geteuid()}, which must own it: chown -R {os.geteuid()} on that folder."
            )
        sys.exit(f"DATA_DIR={data_dir} cannot be used ({error.strerror}).{owner}")
    return data_dir


def _write_new_keys(target: Path) -> None:
    draft = target.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{key}={secrets.token_urlsafe(48)}\n" for key in KEYS)
        file.flush()
        os.fsync(file.fileno())
    # A hard link replaces no file: when two starts race, the keys of the first one stay.
    with suppress(FileExistsError):
        target.hardlink_to(draft)
    draft.unlink()


def check_sandbox() -> None:
    """End the start with one line when REQUIRE_SANDBOX refuses; images.engine.start would end with a traceback."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from images.rendering import limits

    try:
        # Without REQUIRE_SANDBOX the engine logs what is missing.
        if settings.REQUIRE_SANDBOX:
            limits.check_sandbox()
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def migrate() -> None:
    from django.core.management import CommandError, call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from imagestore.kit.database import unsuitable

    wait_for_database()
    if sentence := unsuitable():
        sys.exit(sentence)
    executor = MigrationExecutor(connection)
    tell_of_newer_database(executor)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("Preparing the database …", flush=True)
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except CommandError as error:
            sys.exit(f"The database is not migrated: {error}")
    connection.close()


def tell_of_newer_database(executor: Any) -> None:
    """An older server may work beside newer ones while those are started, so this does not stop the start."""
    from django.conf import settings

    from imagestore.kit.databases import unknown_migrations

    if newer := ", ".join(unknown_migrations(executor.loader)):
        print(
            f"WARNING: this code is older than its database: image-store {settings.VERSION} does not know {newer}. "
            "Start the version that migrated the database; what this one writes may be incomplete.",
            file=sys.stderr,
            flush=True,
        )


def check_storage() -> None:
    """End the start with one line when the storage is not ready; images.engine.start would end with a traceback."""
    from django.db import connection

    from images.storage import identity

    try:
        identity.establish()
    except OSError as error:
        sys.exit(f"The image storage is not ready: {error}")
    connection.close()


def wait_for_database(seconds: float = 60) -> None:
    """Wait, because a database that starts at the same time as the store is not ready at once.

    Any other refusal, a wrong password for example, ends the start now.
    """
    from django.db import Error, connection

    deadline, is_told = time.monotonic() + seconds, False
    while True:
        try:
            return connection.ensure_connection()
        except Error as error:
            if error.args[0] not in STARTING_UP_ERRORS or time.monotonic() > deadline:
                sys.exit(f"The database of DATABASE_URL cannot be used: {error.args[-1]}")
            if not is_told:
                print(f"Waiting for the database ({error.args[-1]}) …", flush=True)
                is_told = True
            time.sleep(0.5)


def collect_static(data_dir: Path) -> None:
    """Collect when a source file or requirements.txt has changed."""
    from django.core.management import call_command

    sources = static_sources()
    stamp = data_dir / "static.stamp"
    if stamp.exists() and stamp.read_text() == sources:
        return
    print("Collecting static files …", flush=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(sources)


def static_sources() -> str:
    """A hash that changes with every source of the static files."""
    from django.contrib.staticfiles.finders import get_finders

    sources = hashlib.sha256()
    for collector in ("requirements.txt", "imagestore/kit/static.py"):
        sources.update((ROOT / collector).read_bytes())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=itemgetter(0)):
            stat = Path(storage.path(name)).stat()
            sources.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return sources.hexdigest()


if __name__ == "__main__":
    main()
