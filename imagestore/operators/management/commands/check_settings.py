from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Print each setting, its value and where that comes from; secrets are hidden. A setting that is wrong ends "
        "this command, as any other, with a line for each."
    )
    # Django's own checks would ask the database.
    requires_system_checks: list[str] = []  # noqa: RUF012 - as Django declares it

    def handle(self, *args: Any, **options: Any) -> None:
        for setting in settings.SETTINGS_READ:
            self.stdout.write(f"{setting.name} = {setting.shown}  ({setting.origin})")
        for sentence in settings.SETTINGS_WARNINGS:
            self.stderr.write(f"WARNING: {sentence}")
