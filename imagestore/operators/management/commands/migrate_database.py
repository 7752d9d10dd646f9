"""`manage.py migrate_database [--dry-run | --finish]`: all rows go to the database of NEW_DATABASE_URL."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from images.upkeep import move_database
from images.upkeep.move_database import Refused
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress

# Of a list that may be long, so many lines are printed.
SHOWN_LINES = 50


class Command(BaseCommand):
    help = (
        "Copy all rows to NEW_DATABASE_URL while the server runs; safe to repeat and to kill. With the server "
        "stopped, --finish copies the rest, compares every row and ends the move. docs/moving.md tells the rest."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--dry-run", action="store_true", help="only say how many rows would be copied")
        either.add_argument("--finish", action="store_true", help="no server runs: copy the rest, and end the move")

    def handle(self, *args: Any, dry_run: bool, finish: bool, **options: Any) -> None:
        require_servers_user()
        try:
            move_database.check_new_database()
            self._refuse(move_database.find_equal_texts(), "Change one of each pair first: no row is copied.")
            if dry_run:
                self.stdout.write(f"rows to be copied or removed there: {move_database.count_different()}")
                return
            if finish:
                move_database.require_still()
            self._copy()
            if finish:
                self._finish()
        except Refused as error:
            raise CommandError(f"The database is not moved: {error}", returncode=2) from None
        except Error as error:
            reason = error.args[-1] if error.args else "a database does not answer"
            raise CommandError(f"The database is not moved yet: {reason}. Run this again.", returncode=2) from None

    def _copy(self) -> None:
        report = move_database.copy_all(lambda done, total: show_progress(self.stderr, done, total))
        self.stdout.write(f"rows copied: {report.copied}\nrows removed there: {report.removed}")

    def _finish(self) -> None:
        self._refuse(move_database.finish(), "The move has not ended. Is the server stopped? Run this again.")
        self.stdout.write(
            f"rows compared, all equal: {move_database.count_rows()}\n"
            "Set DATABASE_URL to the new database, remove NEW_DATABASE_URL, and start the server."
        )

    def _refuse(self, found: Sequence[object], sentence: str) -> None:
        """End with what was found, if there is anything."""
        for each in islice(found, SHOWN_LINES):
            self.stderr.write(str(each))
        if len(found) > SHOWN_LINES:
            self.stderr.write(f"and {len(found) - SHOWN_LINES} more")
        if found:
            self.stderr.write(sentence)
            sys.exit(1)
