"""`manage.py`: what a command needs before it begins, and one sentence, not a traceback, when it cannot work."""

import os
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line, find_commands
from django.db import DataError, Error, IntegrityError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from images.storage import identity
from imagestore.kit.databases import name_of

# Exit code when settings, database or storage do not let a command work. 1 is: it worked, and has findings to tell.
COULD_NOT_WORK = 2
# Django's own commands that want the server's database, too.
_DJANGO_COMMANDS = {"createsuperuser", "changepassword", "clearsessions"}
# These begin with another database or storage than the server's, or with none.
_NO_DATABASE, _ANY_STORAGE = {"check_settings", "migrate", "restore"}, {"adopt_storage"}
# Without the storage these would find nothing to do. Others ask for it themselves.
_NEED_STORAGE = {"render_again", "reconcile"}


class CannotWork(Exception):
    """The message is a sentence for the operator."""


def run(argv: list[str]) -> None:
    """Run the command; exit code 2 and a line for each reason when it cannot work."""
    try:
        _check(argv[1] if len(argv) > 1 else "")
        execute_from_command_line(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python writes what is left at its end, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(["The command ended early: what read its output, such as `head`, has closed it."])
    except ImproperlyConfigured as error:
        _end([f"A setting is wrong: {line}" for line in str(error).splitlines()])
    except CannotWork as error:
        _end([str(error)])
    except Error as error:
        # A statement that is wrong is a defect of ours, which needs its traceback.
        if "--traceback" in argv or isinstance(error, IntegrityError | DataError | ProgrammingError):
            raise
        _end([f"{name_of(connection)} cannot be used: {error.args[-1] if error.args else 'it does not answer'}"])


def _end(lines: list[str]) -> None:
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - no command has begun
    sys.exit(COULD_NOT_WORK)


def _check(command: str) -> None:
    ours = set(find_commands(str(Path(__file__).parent / "management")))
    if command not in (ours | _DJANGO_COMMANDS) - _NO_DATABASE:
        return
    name = connection.settings_dict["NAME"]
    # SQLite would make an empty file, and the command would find a store without users and images.
    if connection.vendor == "sqlite" and name != ":memory:" and not Path(name).exists():
        raise CannotWork(
            f"There is no database {name}. {_SAME_SETTINGS} A new store is made by the server's start."
        )
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CannotWork(
            f"{name_of(connection)} is not migrated to version {settings.VERSION}. Start the server once."
        )
    if command not in _ANY_STORAGE and _is_of_another_store():
        raise CannotWork(f"{name_of(connection)} is not the one of the images in the storage. {_SAME_SETTINGS}")

    if command in _NEED_STORAGE:
        try:
            identity.check()
        except OSError as error:
            raise CannotWork(str(error)) from None


_SAME_SETTINGS = "Run the command with the server's DATABASE_URL, DATA_DIR and STORAGE_URL."


def _is_of_another_store() -> bool:
    try:
        return identity.is_of_another_database()
    except OSError:
        # The storage does not answer. A command that needs it says so.
        return False
