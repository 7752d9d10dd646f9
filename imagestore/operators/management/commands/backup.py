"""`manage.py backup FOLDER`, while the server runs."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from images.upkeep.backup import Refused, backup
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Copy database and files to a folder while the server runs; again into the same one, only what is new. "
        "Keep $DATA_DIR/secrets.env beside it. docs/backup.md tells the rest."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            missing = backup(folder, lambda done, total: show_progress(self.stderr, done, total))
        except (Refused, OSError, DatabaseError) as error:
            raise CommandError(f"No backup was taken: {error}", returncode=2) from None
        for name in missing:
            self.stderr.write(f"missing in the storage: {name}")
        self.stdout.write(f"The backup is in {folder}.")
        if missing:
            sys.exit(1)
