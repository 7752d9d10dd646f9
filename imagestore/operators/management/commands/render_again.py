"""`manage.py render_again`: make again, now, all sizes that differ from the table of sizes."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from images.upkeep.render_again import render_again
from imagestore.operators.process_user import require_servers_user
from imagestore.operators.progress import show_progress


class Command(BaseCommand):
    help = (
        "Make the sizes of all images again that lack one or bear an older version. The running server does so by "
        "itself, slowly; this takes as many cores as RENDER_WORKERS says. Safe to repeat, also while it runs."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        require_servers_user()
        report = render_again(lambda done, total: show_progress(self.stderr, done, total))
        self.stdout.write(f"images made again: {report.rendered}")
        if report.given_up:
            self.stderr.write(
                f"{report.given_up} could not be made again and keep the sizes they have; the admin says why."
            )
        if report.left:
            self.stderr.write(
                f"{report.left} are left: a backup runs, the storage did not answer, or another process makes "
                "them. Run the command again later; the server goes on by itself."
            )
        if report.given_up or report.left:
            sys.exit(1)
