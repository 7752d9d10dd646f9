"""`manage.py import_folder USER PATH [--takeout] [--dry-run]`: a folder of pictures becomes albums."""

import logging
import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.models import User, normalise_email
from images.importing.importer import import_folder
from images.importing.plan import plan
from images.importing.report import Report
from imagestore.kit.text import file_name_text, printable
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Import a folder: each folder with pictures in it becomes (or fills) the album of its name. Safe to "
        "repeat and to kill: what an album has already is left alone. The running server makes the sizes. "
        "Exit code 0: everything found is stored. 1: what is listed is not. 2: the run ended early."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="e-mail of the owner")
        parser.add_argument("path", type=Path, help="folder to import")
        parser.add_argument("--takeout", action="store_true", help="the folder is an unpacked Google Takeout")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported")

    def handle(self, *args: Any, user: str, path: Path, takeout: bool, dry_run: bool, **options: Any) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # A name that this terminal cannot show must not end the run.
            sys.stdout.reconfigure(errors="backslashreplace")
        user = file_name_text(user)
        owner = User.objects.filter(email=normalise_email(user), doomed_at=None).first()
        if owner is None:
            raise CommandError(f"There is no user {user}.", returncode=2)
        if not path.is_dir():
            raise CommandError(f"{printable(str(path))} is not a folder.", returncode=2)
        report = self._dry_run(path, takeout) if dry_run else self._import(owner, path, takeout)
        for one in report.left_out:
            self.stderr.write(f"{printable(one.path)}: {one.reason}. {printable(one.sentence)}".rstrip())
        self.stdout.write("\n".join(report.counts_beside() if dry_run else report.counts()))
        if report.stopped:
            raise CommandError(f"{report.stopped} Run the command again: it goes on.", returncode=report.exit_code)
        if report.exit_code:
            sys.exit(report.exit_code)

    def _import(self, owner: User, path: Path, takeout: bool) -> Report:
        require_servers_user()
        # This command lists each refusal itself, so silence the log lines about them.
        logging.getLogger("images").setLevel(logging.WARNING)
        try:
            return import_folder(
                owner, path, lambda done, total: show_progress(self.stdout, done, total), is_takeout=takeout
            )
        except (OSError, DatabaseError) as error:
            raise CommandError(f"Nothing was imported: {error}", returncode=2) from None

    def _dry_run(self, path: Path, takeout: bool) -> Report:
        report = Report()
        for album in plan(str(path), report, is_takeout=takeout):
            self.stdout.write(f"{printable(album.title)}: {len(album.files)} files to look at")
        return report
