"""Users, their quotas, and the logins of their API clients."""

import unicodedata
from typing import Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac
from uuid_utils.compat import uuid7

# The longest name and the longest address, in characters.
NAME_LENGTH = 100
EMAIL_LENGTH = 254


def public_id() -> UUID:
    """A new UUIDv7 (RFC 9562, 5.7): it sorts by time. URLs and API name a row by it, never by its primary key."""
    return uuid7()


def normalise_email(email: str) -> str:
    """One spelling for each mailbox: ALI@, ali@ and full-width ali@ are one account.

    The domain becomes ASCII (RFC 5891), because some database collations treat ü and u as equal.
    Text that is no address is returned, too: validation refuses it later. So is the beginning of a text
    that is too long: normalising it could take minutes, because Python's NFKC and IDNA are quadratic.
    """
    if len(email) > EMAIL_LENGTH or len(email := _caseless(email)) > EMAIL_LENGTH:
        return email[: EMAIL_LENGTH + 1]
    local, at, domain = email.strip().rpartition("@")
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return local + at + domain


def _caseless(text: str) -> str:
    """The caseless form (Unicode 3.13, D146). Normalise and fold twice: once can leave more to fold."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()


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
        error_messages={"unique": "This address has an account already."},
    )
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
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
