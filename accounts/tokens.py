"""The API's tokens: the only module that knows simplejwt.

A login makes one `ApiLogin` row, its family. Both tokens of a pair name their user, the family and
the user's `token_version`; each request checks all three in one query, so a logout, a new
password, a deactivation or a deletion ends access at once. An access token lives 15 minutes. A
refresh token works once, and no family outlives its login by more than 30 days.

simplejwt's blacklist app is not used: its check and its write are two steps, so several parallel
posts of one refresh token all win.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    ExpiredTokenError,
    TokenBackendError,
    TokenBackendExpiredToken,
    TokenError,
)
from rest_framework_simplejwt.settings import api_settings as jwt_settings
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from accounts.models import ApiLogin, User, public_id
from imagestore.kit.logging import bind_user
from imagestore.kit.problems import Problem

# Three parts of base64url (RFC 7515, 7.1). Ours have about 450 characters.
_COMPACT_JWS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_MAX_LENGTH = 2048


@dataclass(frozen=True)
class Pair:
    """What a client gets; `str` of two signed tokens."""

    access: str
    refresh: str


def issue(user: User) -> Pair:
    """A new login of one of this user's clients. The caller has checked the password."""
    family = public_id()
    refresh = Refresh.of(user, family)
    ends = datetime_from_epoch(refresh["exp"])
    try:
        with transaction.atomic():
            ApiLogin.objects.create(user=user, family=family, current_jti_hash=refresh.jti_hash, expires_at=ends)
    except IntegrityError:
        # Deleted since its password was checked.
        raise _invalid() from None
    return Pair(str(Access.of(user, family)), str(refresh))


def rotate(refresh: str) -> Pair:
    """The next pair, for a refresh token that is dead from now on.

    One that was used before ends its family: it or its successor is in the wrong hands, and nobody
    can tell which. So a client that lost our answer, or asked twice at once, logs in again.
    """
    old = _read(Refresh, refresh)
    user = _user_of(old)
    new = Refresh.of(user, old.family)
    new["exp"] = old["exp"]
    current = ApiLogin.objects.filter(family=old.family, current_jti_hash=old.jti_hash)
    # One conditional UPDATE: of several requests with the same token, one finds the row.
    if not current.update(current_jti_hash=new.jti_hash):
        ApiLogin.objects.filter(family=old.family).delete()
        raise _invalid()
    return Pair(str(Access.of(user, old.family)), str(new))


def revoke(refresh: str) -> None:
    """End the login this refresh token descends from; one that has ended already is no error."""
    try:
        token = _read(Refresh, refresh)
    except Problem as problem:
        if problem.code != "token_expired":
            raise
    else:
        ApiLogin.objects.filter(family=token.family).delete()


def check(token: str) -> None:
    """Return, if this access or refresh token would be taken now; else raise what its use would."""
    found = _read(Either, token)
    _user_of(found)
    current = ApiLogin.objects.filter(family=found.family, current_jti_hash=found.jti_hash)
    if found["token_type"] == Refresh.token_type and not current.exists():
        raise _invalid()


def forget_expired_logins() -> int:
    """Delete the rows of logins that ended by age; how many."""
    deleted, _ = ApiLogin.objects.filter(expires_at__lt=timezone.now()).delete()
    return deleted


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <access token>`; another scheme or no header is for the next class."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            user = _user_of(_read(Access, token.strip()))
        except Problem as problem:
            raise AuthenticationFailed(problem.detail, problem.code) from problem
        bind_user(user)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The portal's session, with its CSRF check, so that the browsable API works."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found: tuple[Any, None] | None = super().authenticate(request)
        if found:
            bind_user(found[0])
        return found


class Keyring(TokenBackend):
    """Signs with JWT_SIGNING_KEY; verifies with it and, while keys change, with those before it."""

    def __init__(self) -> None:
        super().__init__(
            jwt_settings.ALGORITHM,
            settings.JWT_SIGNING_KEY,
            audience=jwt_settings.AUDIENCE,
            issuer=jwt_settings.ISSUER,
            leeway=jwt_settings.LEEWAY,
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        refusal = TokenBackendError()
        for key in (settings.JWT_SIGNING_KEY, *settings.JWT_SIGNING_KEY_FALLBACKS):
            self.prepared_signing_key = self._prepare_key(key)
            try:
                return super().decode(token, verify)
            except TokenBackendExpiredToken:
                raise
            except TokenBackendError as error:
                refusal = error
        raise refusal


class Claims(Token):
    """What our tokens say beside simplejwt's claims: whose they are, and of which login."""

    READERS: ClassVar[dict[str, Callable[[Any], Any]]] = {"iat": int, "sub": UUID, "fam": UUID, "ver": int}

    @classmethod
    def of(cls, user: User, family: UUID) -> Self:
        token = cls.for_user(user)
        token["fam"], token["ver"] = str(family), user.token_version
        return token

    def get_token_backend(self) -> TokenBackend:
        return Keyring()

    def verify(self) -> None:
        try:
            super().verify()
            for claim, read in self.READERS.items():
                read(self[claim])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise TokenError("A claim is missing or of the wrong type.") from error

    @property
    def family(self) -> UUID:
        return UUID(self["fam"])

    @property
    def jti_hash(self) -> str:
        """What the database keeps, so that its readers cannot use a login."""
        return hashlib.sha256(self["jti"].encode()).hexdigest()


class Access(Claims):
    token_type = "access"  # noqa: S105 - a type, no secret
    lifetime = jwt_settings.ACCESS_TOKEN_LIFETIME


class Refresh(Claims):
    token_type = "refresh"  # noqa: S105
    lifetime = jwt_settings.REFRESH_TOKEN_LIFETIME


class Either(Claims):
    """To look at a token of either type; never to let anybody in."""

    token_type = "either"  # noqa: S105
    lifetime = jwt_settings.ACCESS_TOKEN_LIFETIME

    def verify_token_type(self) -> None:
        if self.get("token_type") not in (Access.token_type, Refresh.token_type):
            raise TokenError("The token has no type of ours.")


Kind = TypeVar("Kind", bound=Claims)


def _read(kind: type[Kind], raw: str) -> Kind:
    """A token whose signature, times, issuer, audience and type are right. Nothing is looked up."""
    if len(raw) > _MAX_LENGTH or not _COMPACT_JWS.fullmatch(raw):
        raise _invalid()
    try:
        return kind(raw)  # type: ignore[arg-type]  # it takes text, whatever its annotation says
    except ExpiredTokenError:
        raise Problem("token_expired", "The token has expired. Refresh it, or log in again.") from None
    except TokenError:
        raise _invalid() from None


def _user_of(token: Claims) -> User:
    """The user, if they may sign in and this token's login has not ended: one query."""
    try:
        return User.objects.get(
            public_id=token["sub"],
            token_version=token["ver"],
            is_active=True,
            api_logins__family=token.family,
            api_logins__expires_at__gt=timezone.now(),
        )
    except User.DoesNotExist:
        raise _invalid() from None


def _invalid() -> Problem:
    """The same for every reason, which is nobody's business but the token's owner's."""
    return Problem("invalid_token", "The token is not valid, or its login has ended. Log in again.")
