from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.storage.identity import NAME, adopt
from imagestore.operators.process_user import require_servers_user


class Command(BaseCommand):
    help = f"Write the file {NAME}, which marks the storage of this store, again: after it alone was lost."

    def handle(self, *args: Any, **options: Any) -> None:
        require_servers_user()
        try:
            adopt()
        except OSError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("The storage is marked as this store's.")
