"""`manage.py restore FOLDER`, into an empty database and an empty storage."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.upkeep.backup import Refused, restore
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = "Fill an empty database and an empty storage from a backup's folder, with the server stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        require_servers_user()
        try:
            missing = restore(folder, lambda done, total: show_progress(self.stderr, done, total))
        except (Refused, OSError) as error:
            raise CommandError(f"Nothing usable was restored: {error}", returncode=2) from None
        for name in missing:
            self.stderr.write(f"missing in the backup: {name}")
        self.stdout.write("Restored. Prove it with `manage.py verify --checksums`, then start the server.")
        if missing:
            sys.exit(1)
