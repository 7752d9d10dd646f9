"""Prepares keys, database, storage and static files, then becomes gunicorn.

`make run`, the container and the tests start it: `python -m deploy.serve`. It skips work that is done
already, so a second start takes seconds.
"""

import hashlib
import os
import secrets
import socket
import sys
import time
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()


def main() -> None:
    os.chdir(ROOT)
    env.read_env(env.str("ENV_FILE", str(ROOT / ".env")))
    os.environ.setdefault("SITE_URL", f"http://localhost:{env.int('PORT', 9999)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
    data_dir = Path(env.str("DATA_DIR", str(ROOT / "data"))).resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_port(env.str("HOST", "127.0.0.1"), env.int("PORT", 9999))
    write_keys(data_dir)

    import django  # not before: the settings need the keys
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"A setting is wrong: {error}")
    migrate()
    check_storage()
    collect_static(data_dir)
    # Run gunicorn as a module of this Python: the PATH may name no gunicorn, or another one.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "imagestore.wsgi"])


def check_port(host: str, port: int) -> None:
    """End the start with one line when the port is taken; gunicorn would print many."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"{host}:{port} cannot be used ({error.strerror}). Another port: PORT={port + 1} make run")


def write_keys(data_dir: Path) -> None:
    """Write both keys to secrets.env, unless it exists or both are given. No crash leaves half a file."""
    keys = ["SECRET_KEY", "JWT_SIGNING_KEY"]
    target = data_dir / "secrets.env"
    if target.exists() or all(env.str(key, "") for key in keys):
        return
    draft = target.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{key}={secrets.token_urlsafe(48)}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    # A hard link replaces no file: when two starts race, the keys of the first one stay.
    with suppress(FileExistsError):
        target.hardlink_to(draft)
    draft.unlink()


def migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    wait_for_database()
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("Preparing the database …", flush=True)
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()


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
    """Wait, because a database that starts at the same time as the store is not ready at once."""
    from django.db import OperationalError, connection

    deadline = time.monotonic() + seconds
    while True:
        try:
            return connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > deadline:
                sys.exit(f"The database does not answer: {error}")
            time.sleep(0.5)


def collect_static(data_dir: Path) -> None:
    """Collect when a source file or requirements.txt has changed."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    sources = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=itemgetter(0)):
            stat = Path(storage.path(name)).stat()
            sources.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    stamp = data_dir / "static.stamp"
    if stamp.exists() and stamp.read_text() == sources.hexdigest():
        return
    print("Collecting static files …", flush=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(sources.hexdigest())


if __name__ == "__main__":
    main()
