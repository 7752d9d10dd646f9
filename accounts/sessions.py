"""The portal's sessions: Django's, in a table of our own that names the user, so that one user's can be counted.

SESSION_ENGINE names this module.
"""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session as DjangoSession
from django.db import transaction
from django.utils import timezone

from accounts.models import Session, User
from imagestore.kit.batches import delete_beyond, delete_in_batches


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        return session


def end_oldest(user: User, session: SessionBase) -> None:
    """End the user's oldest sessions beyond MAX_LOGINS. `session` has just begun, so it is the newest."""
    session.save()
    with transaction.atomic():
        # Wait for other log-ins of this user: together they would leave too many.
        User.objects.select_for_update().filter(pk=user.pk).first()
        delete_beyond(user.sessions.order_by("-expire_date"), settings.MAX_LOGINS)


def forget_expired_sessions() -> int:
    """Returns how many rows it deleted, in Django's own table, too: versions before 0.7 wrote to that one."""
    now = timezone.now()
    return sum(delete_in_batches(model.objects.filter(expire_date__lt=now)) for model in (Session, DjangoSession))
