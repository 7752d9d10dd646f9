"""`manage.py import_folder USER PATH`: a folder of pictures becomes albums."""

import logging
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.models import User, normalise_email
from albums.models import TITLE_LENGTH, Album
from albums.services import create
from images.services import receive
from images.uploads.staging import stage_copy
from imagestore.kit.problems import Problem
from imagestore.operators.progress import show_progress

# The file, the outcome in one or two words, and its reason ("" for none).
Outcome = tuple[Path, str, str]


class Command(BaseCommand):
    help = (
        "Import a folder: each folder with files in it becomes (or fills) the album of its name. Safe to "
        "repeat: what an album has already is left alone. The running server makes the sizes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="e-mail of the owner")
        parser.add_argument("path", type=Path, help="folder to import")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported")

    def handle(self, *args: Any, user: str, path: Path, dry_run: bool, **options: Any) -> None:
        owner = User.objects.filter(email=normalise_email(user), doomed_at=None).first()
        if owner is None:
            raise CommandError(f"There is no user {user}.")
        if not path.is_dir():
            raise CommandError(f"{path} is not a folder.")
        folders = _folders(path)
        if dry_run:
            for title, files in folders.items():
                self.stdout.write(f"{title}: {len(files)} files to look at")
            return
        # This command prints each refusal itself, so silence the log lines about them.
        logging.getLogger("images").setLevel(logging.WARNING)
        self._import(owner, folders)

    def _import(self, owner: User, folders: dict[str, list[Path]]) -> None:
        outcomes: Counter[str] = Counter()
        total = sum(map(len, folders.values()))
        with ThreadPoolExecutor(settings.STORAGE_WORKERS, "import") as pool:
            for title, files in folders.items():
                album = _album(owner, title)
                for file, outcome, detail in pool.map(partial(_import_file, album), files):
                    outcomes[outcome] += 1
                    if detail:
                        self.stderr.write(f"{file}: {detail}")
                    show_progress(self.stdout, outcomes.total(), total)
        self.stdout.write(
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing"
        )


def _folders(path: Path) -> dict[str, list[Path]]:
    """Album title -> its files, without hidden files and links."""
    folders: dict[str, list[Path]] = {}
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if file.is_file() and not file.is_symlink() and not any(name.startswith(".") for name in inside.parts):
            title = " / ".join(inside.parent.parts) or path.resolve().name
            folders.setdefault(title[:TITLE_LENGTH], []).append(file)
    return folders


def _album(owner: User, title: str) -> Album:
    """The owner's oldest album of this title; a new one when there is none."""
    album: Album | None = Album.objects.owned_by(owner).filter(title=title).order_by("pk").first()
    return album or create(owner, title=title)


def _import_file(album: Album, file: Path) -> Outcome:
    """Import one file. A refusal is an outcome, so that the next files are still imported."""
    try:
        with stage_copy(file) as staged:
            received = receive(album, staged)
        return file, "imported" if received.created else "there already", ""
    except Problem as problem:
        return file, "refused", problem.detail
    except OSError as error:
        return file, "unreadable", error.strerror or "cannot be read"
    finally:
        connections.close_all()
