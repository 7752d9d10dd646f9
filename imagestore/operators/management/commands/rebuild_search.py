"""`manage.py rebuild_search`: compare all words with the texts of their rows, and write again those that differ."""

from typing import Any

from django.core.management.base import BaseCommand

from images.upkeep.words import rebuild
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Write the words of all albums and images again where they differ from title, description, name, caption "
        "and camera. The running server does so by itself, slowly. Safe to repeat and to kill, also while it runs."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        repaired = rebuild(lambda done, total: show_progress(self.stderr, done, total))
        self.stdout.write(f"albums and images whose words were written again: {repaired}")
