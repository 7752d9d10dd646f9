from typing import Any

from django.core.management.base import BaseCommand

from images.reconcile import reconcile


class Command(BaseCommand):
    help = "Finish what a dying process left half done; the server does the same every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        report = reconcile()
        self.stdout.write(f"receptions given up: {report.stale_receptions}")
        self.stdout.write(f"images removed: {report.purged_images}")
        self.stdout.write(f"staging files removed: {report.swept_files}")
        self.stdout.write(f"expired logins removed: {report.expired_logins}")
