from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images import locks
from images.upkeep.reconcile import RECONCILE_LEASE, reconcile
from imagestore.operators.process_user import require_servers_user


class Command(BaseCommand):
    help = "Finish what a dying process left half done; the server does the same every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        require_servers_user()
        with locks.hold(locks.RECONCILE, RECONCILE_LEASE) as lock:
            if lock is None:
                raise CommandError("A server, or another command, is reconciling right now.")
            report = reconcile()
        self.stdout.write(f"receptions given up: {report.stale_receptions}")
        self.stdout.write(f"trash past its days: {report.expired_things}")
        self.stdout.write(f"images removed: {report.purged_images}")
        self.stdout.write(f"expired uploads ended: {report.expired_uploads}")
        self.stdout.write(f"staging files removed: {report.swept_files}")
        self.stdout.write(f"expired logins removed: {report.expired_logins}")
        self.stdout.write(f"expired mails removed: {report.expired_mails}")
        self.stdout.write(f"old findings removed: {report.old_findings}")
        self.stdout.write(f"needless purges of the CDN removed: {report.ended_cdn_purges}")
        self.stdout.write(f"sums set right: {report.repaired_sums}")
        self.stdout.write(f"words written again: {report.repaired_words}")
        self.stdout.write(f"originals scrubbed: {report.scrubbed_originals}")
        if report.failed:
            raise CommandError(f"Not done, see the log: {', '.join(report.failed)}.")
