"""`manage.py verify [--checksums] [--repair]`: does the storage hold each file of the rows, and no other file?

And are the words right by which albums and images are found?
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.upkeep.verify import Options, verify
from images.upkeep.words import count_differing, rebuild
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Compare rows with storage both ways, and words with texts; exit code 0 when all is well, 1 with a line "
        "for each finding. Safe while the server runs. Findings are in the admin too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--checksums", action="store_true", help="read every byte, not only compare sizes")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="make missing or damaged sizes again, move unknown files to quarantine/, write wrong words again; "
            "never touch an original",
        )
        parser.add_argument(
            "--older-than", type=float, default=24, metavar="HOURS", help="leave younger unknown files alone (24)"
        )

    def handle(self, *args: Any, checksums: bool, repair: bool, older_than: float, **options: Any) -> None:
        if repair:
            require_servers_user()
        chosen = Options(checksums=checksums, repair=repair, older_than=timedelta(hours=older_than))
        kinds: Counter[str] = Counter()
        try:
            for defect in verify(chosen, lambda done, total: show_progress(self.stderr, done, total)):
                kinds[defect.kind.label] += 1
                self.stdout.write(str(defect))
        except OSError as error:
            raise CommandError(f"Verifying stopped: {error}", returncode=2) from None
        differing = rebuild() if repair else count_differing()
        if differing:
            done = "They were written again." if repair else "Run manage.py rebuild_search."
            self.stdout.write(f"The words of {differing} albums and images differ from their texts. {done}")
        if not kinds and not differing:
            self.stdout.write("Everything is as it should be.")
            return
        self.stderr.write(", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items())))
        sys.exit(1)
