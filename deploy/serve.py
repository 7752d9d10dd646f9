"""Makes the store ready, then becomes its server: keys, database, static files, gunicorn.

`make run`, the container and the tests start it: `python -m deploy.serve`. What is done already
is skipped, so a second start takes seconds.
"""

import hashlib
import os
import secrets
import socket
import sys
import time
from contextlib import suppress
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
    claim_port(env.str("HOST", "127.0.0.1"), env.int("PORT", 9999))
    write_keys(data_dir)

    import django  # only now: the settings want the keys
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"A setting is wrong: {error}")
    migrate()
    check_storage()
    collect_static(data_dir)
    # As a module: multiprocessing's children import the main module again, and must not find a script.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "imagestore.wsgi"])


def claim_port(host: str, port: int) -> None:
    """Say in one line what gunicorn would say in many."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"{host}:{port} cannot be used ({error.strerror}). Another port: PORT={port + 1} make run")


def write_keys(data_dir: Path) -> None:
    """Write both keys to secrets.env, once, unless both are given; whole or not at all."""
    keys = ["SECRET_KEY", "JWT_SIGNING_KEY"]
    target = data_dir / "secrets.env"
    if target.exists() or all(env.str(key, "") for key in keys):
        return
    draft = target.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{key}={secrets.token_urlsafe(48)}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    # A link never replaces: when two starts race, the first one's keys stay.
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
    """The server does so itself (images.engine.start), but only a start can say it in one line."""
    from django.db import connection

    from images.storage import identity

    try:
        identity.establish()
    except OSError as error:
        sys.exit(f"The image storage is not ready: {error}")
    connection.close()


def wait_for_database(seconds: float = 60) -> None:
    """A database that starts at the same time may need a while."""
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
    """Collect when a source file, its time or the code that collects has changed."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    sources = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda found: found[0]):
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
