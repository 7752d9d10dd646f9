from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.invitations import issue
from accounts.models import INVITATION_DAYS, Invitation, normalise_email


class Command(BaseCommand):
    help = "Print a link with which one person can sign up while SIGNUP is invitation. It works once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="", help="the only address that may sign up with it")
        parser.add_argument("--days", type=int, default=INVITATION_DAYS, help="so long the link works")

    def handle(self, *args: Any, email: str, days: int, **options: Any) -> None:
        if not 1 <= days <= 365:
            raise CommandError("--days must be between 1 and 365.")
        invitation = Invitation(email=normalise_email(email), expires_at=timezone.now() + timedelta(days=days))
        try:
            invitation.clean_fields(exclude=["token_hash"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(issue(invitation))
