"""`manage.py migrate_storage [--dry-run | --finish]`: all files go to the storage of NEW_STORAGE_URL."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.upkeep.move_storage import Refused, copy_all, count_lacking, finish, new_storage
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Copy all files to NEW_STORAGE_URL while the server runs; safe to repeat and to kill. With the server "
        "stopped, --finish copies the rest and makes it the store's. docs/moving.md tells the rest."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--dry-run", action="store_true", help="only say how many images would be copied")
        either.add_argument("--finish", action="store_true", help="no server runs: copy the rest, and end the move")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        require_servers_user()
        try:
            if dry_run:
                self.stdout.write(f"images to be copied: {count_lacking(new_storage())}")
                return
            self._move(ends=options["finish"])
        except (Refused, OSError) as error:
            raise CommandError(f"The storage is not moved: {error}", returncode=2) from None

    def _move(self, *, ends: bool) -> None:
        target = new_storage()
        report = copy_all(target, lambda done, total: show_progress(self.stderr, done, total))
        for loss in report.lost:
            self.stderr.write(f"lost in the old storage: {loss}")
        self.stdout.write(f"images copied: {report.copied}\nimages removed there: {report.removed}")
        if report.lost:
            self.stderr.write(
                "The move cannot end before they are mended (verify --repair) or their images deleted."
            )
            sys.exit(1)
        if ends:
            finish(target)
            self.stdout.write("Set STORAGE_URL to the new storage, remove NEW_STORAGE_URL, and start the server.")
