"""`manage.py migrate`: Django's, with the account of MIGRATION_DATABASE_URL, where there is one."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, OperationalError, connection

from imagestore.kit.databases import as_migrator, may_not_change_tables
from imagestore.kit.resuming import resume_on

# Whether a database is this store's tells the last one of its first version.
FIRST_MIGRATION = ("images", "0003_upkeep")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_migrator():
            try:
                connection.ensure_connection()
            except OperationalError as error:
                reason = f"The database cannot be used with the account that migrates it: {error.args[-1]}"
                raise CommandError(reason, returncode=2) from None
            resume_on(connection, FIRST_MIGRATION)
            try:
                super().handle(*args, **options)
            except DatabaseError as error:
                if not may_not_change_tables(error):
                    raise
                raise CommandError(f"{error.args[-1]}. {_WHICH_ACCOUNT}", returncode=2) from None


_WHICH_ACCOUNT = "Set MIGRATION_DATABASE_URL to an account that may change tables (docs/security.md)."
