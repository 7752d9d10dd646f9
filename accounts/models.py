"""Users, their quotas, the logins of their API clients, their sessions, and invitations to become one."""

import unicodedata
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar, Self
from uuid import UUID

import idna
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

# The longest name and the longest address, in characters.
NAME_LENGTH = 100
EMAIL_LENGTH = 254
# Of a language's code, such as pt-br.
LANGUAGE_LENGTH = 20
# The bits of a UUIDv7 that RFC 9562 calls `rand_a`: so many values, so many bits from the end.
_SHARDS, _SHARD_AT = 2**12, 64
# The operator may set another end for an invitation.
INVITATION_DAYS = 7


def public_id() -> UUID:
    """A new UUIDv7 (RFC 9562, 5.7): it sorts by time. URLs and API name a row by it, never by its primary key."""
    return uuid7()


def id_for(owner: "User") -> UUID:
    """A `public_id` for what the owner has: its bits `rand_a` are the owner's, the other 62 random ones its own.

    So any id or link could be routed to the owner's shard (docs/scaling.md).
    """
    return UUID(int=uuid7().int & ~((_SHARDS - 1) << _SHARD_AT) | (shard_of(owner) << _SHARD_AT))


def shard_of(owner: "User") -> int:
    """The 12 bits that the ids of all that the owner has bear."""
    return int.from_bytes(blake2b(owner.public_id.bytes, digest_size=2).digest()) % _SHARDS


def normalise_email(email: str) -> str:
    """One spelling for each mailbox: ALI@, ali@ and full-width ali@ are one account.

    The domain becomes ASCII (UTS 46, as browsers do it), because some database collations treat ü and u as
    equal. Two mailboxes never become one: ß is not ss, neither in a domain (IDNA 2008) nor before the @.
    Text that is no address is returned, too: validation refuses it later. So is the beginning of a text
    that is too long: normalising it could take minutes, because Python's NFKC is quadratic.
    """
    if len(email) > EMAIL_LENGTH or len(email := unicodedata.normalize("NFKC", email)) > EMAIL_LENGTH:
        return email[: EMAIL_LENGTH + 1]
    local, at, domain = email.strip().rpartition("@")
    return unicodedata.normalize("NFKC", local.lower()) + at + _ascii_domain(domain)


def _ascii_domain(domain: str) -> str:
    """Do not use `idna.encode`: it refuses emoji, and such domains have mailboxes."""
    try:
        labels = idna.uts46_remap(domain, std3_rules=False, transitional=False).split(".")
    except idna.IDNAError:
        return domain.lower()
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


class UserQuerySet(models.QuerySet["User"]):
    def living(self) -> Self:
        """Users that are not deleted. A deleted account's row stays until its files are gone."""
        return self.filter(doomed_at=None)

    def nearly_full(self) -> Self:
        """Must agree with `User.is_nearly_full`. It divides, because quota * 9 could overflow in the database."""
        quota: Any = F("quota_bytes")
        if settings.USER_QUOTA_BYTES is not None:
            quota = Coalesce(quota, settings.USER_QUOTA_BYTES, output_field=models.BigIntegerField())
        return self.filter(used_bytes__gt=quota - quota / 10)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)["User"]):  # type: ignore[misc]
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return normalise_email(email or "")

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user: User = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        user: User = self.get(email=normalise_email(email or ""))
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person's account. `used_bytes` is the sum of their originals; to change it, lock this row."""

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    email = models.EmailField(
        "e-mail",
        max_length=EMAIL_LENGTH,
        unique=True,
        error_messages={"unique": _("This address has an account already.")},
    )
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    # Of pages and mails. Empty: pages follow the browser.
    language = models.CharField(max_length=LANGUAGE_LENGTH, blank=True, default="", db_default="")
    is_staff = models.BooleanField("may use the admin", default=False)
    is_active = models.BooleanField("may sign in", default=True)
    quota_bytes = models.PositiveBigIntegerField(
        "quota (bytes)", null=True, blank=True, help_text="Empty: the store's default, USER_QUOTA_BYTES."
    )
    used_bytes = models.PositiveBigIntegerField("used (bytes)", default=0, editable=False)
    # Raise this number to end every token and session of the user at once.
    token_version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField("joined", auto_now_add=True)
    # Set when the account is deleted. No page or endpoint shows it from then on; its files and rows go later.
    doomed_at = models.DateTimeField(null=True, editable=False, db_index=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Only UPDATE statements write these fields. save() must not: its values may be old by then.
    NEVER_SAVED: ClassVar[frozenset[str]] = frozenset({"used_bytes", "token_version", "doomed_at"})

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Django, allauth and accounts.tokens check `is_active` alone, so a deleted account must be inactive.
            models.CheckConstraint(condition=Q(doomed_at=None) | Q(is_active=False), name="doomed_is_inactive"),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, **kwargs: Any) -> None:
        """A new password ends all sessions and API logins, whether a form, the admin or a command sets it.

        Django holds the raw password in `_password` from set_password() to save(). When a login only
        hashes the same password anew, Django clears `_password` before save().
        """
        adding, password_is_new = self._state.adding, self._password is not None  # type: ignore[attr-defined]
        if not adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = self._saved_fields()
        with transaction.atomic():
            super().save(**kwargs)
            if password_is_new and not adding:
                self.end_logins()

    def _saved_fields(self) -> set[str]:
        names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
        return names - self.NEVER_SAVED

    def end_logins(self) -> None:
        """End every session and every API login of this user at once."""
        User.objects.filter(pk=self.pk).update(token_version=F("token_version") + 1)
        self.api_logins.all().delete()
        self.refresh_from_db(fields=["token_version"])

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """A hash of password and `token_version`. Django ends a session when this value changes."""
        hashed = f"{self.password}:{self.token_version}"
        return salted_hmac("accounts.User.session", hashed, secret=secret, algorithm="sha256").hexdigest()

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Django calls this for every login name that a model form writes."""
        return normalise_email(username)

    @property
    def quota(self) -> int | None:
        """Bytes that this user's originals may take up; None is no limit."""
        return settings.USER_QUOTA_BYTES if self.quota_bytes is None else self.quota_bytes

    @property
    def free_bytes(self) -> int | None:
        """Bytes that are left of the quota; None is no limit."""
        return None if self.quota is None else max(0, self.quota - self.used_bytes)

    @property
    def is_nearly_full(self) -> bool:
        """Less than a tenth of the quota is left."""
        return self.free_bytes is not None and self.quota is not None and self.free_bytes * 10 < self.quota

    def get_short_name(self) -> str:
        return self.name or self.email


class ApiLogin(models.Model):
    """One login of an API client, and the family of tokens that it issues.

    A token without such a row gives no access. The row holds only the hash of the newest refresh
    token; a client that sends an older one ends the family. The login ends at `expires_at`, however
    often it was refreshed.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="api_logins")
    family = models.UUIDField(default=public_id, unique=True)
    current_jti_hash = models.CharField(max_length=64)  # SHA-256, lower-case hex
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.family)


# ---- Mails that wait --------------------------------------------------------------------------


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self) -> Self:
        """Mails that may leave now, by the database's clock."""
        return self.filter(due_at__lte=Now())


class OutgoingMail(models.Model):
    """A mail that waits to leave (accounts.outbox). It holds neither text nor key: the sender makes both.

    There is no foreign key to a user, so that a request writes the same row for an address without an account.
    """

    class Kind(models.TextChoices):
        RESET = "reset", "set a new password"
        CONFIRM = "confirm", "confirm an address"
        TEST = "test", "test of the mail server"

    public_id = models.UUIDField(default=public_id, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.EmailField(max_length=EMAIL_LENGTH)
    # CONFIRM alone: the `public_id` of the account that asks. The address may turn out to be another account's.
    account = models.UUIDField(null=True)
    # Whether the mailbox knows the browser that asks. Such mails have a limit of their own.
    from_known_browser = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Of the request that asks. Pages and mails of an account with a language of its own are in that one.
    language = models.CharField(max_length=LANGUAGE_LENGTH, default="", db_default="")
    # When the sender may take it; while one sends it, the end of that sender's lease. NULL: the mail was given up.
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField(db_index=True)

    objects: ClassVar[Any] = OutgoingMailQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.public_id)


class Session(AbstractBaseSession):
    """One session of a browser; `user` is empty until it logs in. See accounts.sessions."""

    # Without a constraint in the database, because a session may be saved after its user is gone.
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions", db_constraint=False)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, token_hash: str) -> Self:
        """The invitation with this token, unless its end has come."""
        return self.filter(token_hash=token_hash, expires_at__gt=timezone.now())


def end_of_invitation() -> datetime:
    return timezone.now() + timedelta(days=INVITATION_DAYS)


class Invitation(models.Model):
    """Lets one person sign up while SIGNUP is `invitation`. The row goes when it is used or has ended."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, lower-case hex
    email = models.EmailField(
        "e-mail",
        max_length=EMAIL_LENGTH,
        blank=True,
        help_text="Only this address may sign up. Empty: any address.",
    )
    created_at = models.DateTimeField("made", auto_now_add=True)
    expires_at = models.DateTimeField("works until", default=end_of_invitation, db_index=True)

    objects: ClassVar[Any] = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"invitation for {self.email or 'any address'}"
