"""`manage.py uploads`: the resumable uploads that are open."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from images.models import Upload
from images.uploads import resumable
from imagestore.kit.filesize import filesize
from imagestore.kit.text import printable
from imagestore.operators.process_user import require_servers_user


class Command(BaseCommand):
    help = "List the resumable uploads that are open: id, owner, how much has arrived, when it ends, name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--drop", type=UUID, metavar="ID", help="end this one: its bytes are removed")
        what.add_argument("--expired", action="store_true", help="end those whose time is over, as the server does")

    def handle(self, *args: Any, drop: UUID | None, expired: bool, **options: Any) -> None:
        if drop or expired:
            require_servers_user()
        if drop:
            self._drop(drop)
        elif expired:
            self.stdout.write(f"expired uploads ended: {resumable.end_expired()}")
        else:
            self._list()

    def _drop(self, public_id: UUID) -> None:
        upload = Upload.objects.open().filter(public_id=public_id).select_related("owner").first()
        if upload is None:
            raise CommandError(f"There is no open upload {public_id}.")
        resumable.end(upload)
        self.stdout.write(f"dropped: {printable(upload.name)} of {upload.owner}")

    def _list(self) -> None:
        for upload in Upload.objects.open().select_related("owner").order_by("expires_at", "pk").iterator():
            arrived = f"{filesize(upload.offset)} of {filesize(upload.length)}"
            until = f"{upload.expires_at:%Y-%m-%d %H:%M} UTC"
            line = (str(upload.public_id), str(upload.owner), arrived, f"until {until}", printable(upload.name))
            self.stdout.write("  ".join(line))
