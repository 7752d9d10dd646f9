"""The API's tokens. No other module may import simplejwt.

A login creates one `ApiLogin` row, the family of its tokens. Each token names its user, its family
and the user's `token_version`. Each request checks all three in one query, so a logout, a new
password, a deactivation or a deletion ends access at once. An access token lives 15 minutes. A
refresh token works once. A family ends 30 days after its login.

Do not use simplejwt's blacklist app: it checks and writes in two steps, so several parallel
requests with one refresh token would all succeed.
"""

import hashlib
import re
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
from accounts.token_form import check_form
from imagestore.kit.batches import delete_beyond, delete_in_batches
from imagestore.kit.logging import bind_user
from imagestore.kit.problems import Problem

# Three fields of base64url (RFC 7515, 7.1). Our tokens have about 450 characters.
_COMPACT_JWS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_MAX_TOKEN_CHARACTERS = 2048
# In a request's META, where no header can put it: the user of its token.
_USER = "store.token_user"


@dataclass(frozen=True)
class Pair:
    """The two signed tokens that a client gets."""

    access: str
    refresh: str


def issue(user: User) -> Pair:
    """Log in one of this user's clients, and end the oldest logins beyond MAX_LOGINS.

    The caller must have checked the password. Raises Problem `invalid_token` when the account was
    deleted since then.
    """
    family = public_id()
    refresh = Refresh.of(user, family)
    ends = datetime_from_epoch(refresh["exp"])
    try:
        with transaction.atomic():
            # Wait for other logins of this user: together they would leave too many.
            User.objects.select_for_update().filter(pk=user.pk).first()
            ApiLogin.objects.create(user=user, family=family, current_jti_hash=refresh.jti_hash, expires_at=ends)
            delete_beyond(user.api_logins.order_by("-pk"), settings.MAX_LOGINS)
    except IntegrityError:
        raise _invalid() from None
    return Pair(str(Access.of(user, family)), str(refresh))


def rotate(refresh: str) -> Pair:
    """Exchange a refresh token for the next pair; the old token is dead from then on.

    A token that was used before ends its family: a thief has it or its successor, and the server
    cannot tell which. So a client that lost our answer, or asked twice at once, must log in again.
    Raises Problem `invalid_token` or `token_expired`.
    """
    old = _read(Refresh, refresh)
    user = _user_of(old)
    new = Refresh.of(user, old.family)
    new["exp"] = old["exp"]
    current = ApiLogin.objects.filter(family=old.family, current_jti_hash=old.jti_hash)
    # One conditional UPDATE, so that of several requests with the same token only one succeeds.
    if not current.update(current_jti_hash=new.jti_hash):
        ApiLogin.objects.filter(family=old.family).delete()
        raise _invalid()
    return Pair(str(Access.of(user, old.family)), str(new))


def revoke(refresh: str) -> None:
    """End the login of this refresh token; raises no error when it has ended already."""
    try:
        token = _read(Refresh, refresh)
    except Problem as problem:
        if problem.code != "token_expired":
            raise
    else:
        ApiLogin.objects.filter(family=token.family).delete()


def check(token: str) -> None:
    """Raises the Problem that using this access or refresh token now would raise."""
    claims = _read(Either, token)
    _user_of(claims)
    current = ApiLogin.objects.filter(family=claims.family, current_jti_hash=claims.jti_hash)
    if claims["token_type"] == Refresh.token_type and not current.exists():
        raise _invalid()


def forget_expired_logins() -> int:
    """Returns how many rows it deleted."""
    return delete_in_batches(ApiLogin.objects.filter(expires_at__lt=timezone.now()))


class BearerAuthentication(authentication.BaseAuthentication):
    """Reads `Authorization: Bearer <access token>`; leaves any other request to the next class."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        # The gate of uploads has asked for the user of this request before the view does.
        if _USER not in request.META:
            try:
                request.META[_USER] = _user_of(_read(Access, token.strip()))
            except Problem as problem:
                raise AuthenticationFailed(problem.detail, problem.code) from problem
        user: User = request.META[_USER]
        bind_user(user)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """Takes the portal's session, with its CSRF check, so that the browsable API works."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user_and_token: tuple[Any, None] | None = super().authenticate(request)
        if user_and_token:
            bind_user(user_and_token[0])
        return user_and_token


class Keyring(TokenBackend):
    """Signs with JWT_SIGNING_KEY; verifies with it and with the older keys of JWT_SIGNING_KEY_FALLBACKS."""

    def __init__(self) -> None:
        super().__init__(
            jwt_settings.ALGORITHM,
            settings.JWT_SIGNING_KEY,
            audience=jwt_settings.AUDIENCE,
            issuer=jwt_settings.ISSUER,
            leeway=jwt_settings.LEEWAY,
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            check_form(token)
        except ValueError as error:
            raise TokenBackendError from error
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
    """A token with our claims: `sub` (user), `fam` (family of its login) and `ver` (token_version)."""

    REQUIRED: ClassVar[frozenset[str]] = frozenset({"iat", "sub", "fam", "ver"})

    @classmethod
    def of(cls, user: User, family: UUID) -> Self:
        token = cls.for_user(user)
        token["fam"], token["ver"] = str(family), user.token_version
        return token

    def get_token_backend(self) -> TokenBackend:
        return Keyring()

    def verify(self) -> None:
        super().verify()
        if not self.payload.keys() >= self.REQUIRED:
            raise TokenError("A claim is missing.")

    @property
    def family(self) -> UUID:
        return UUID(self["fam"])

    @property
    def jti_hash(self) -> str:
        """SHA-256 of the token's id. The database stores this alone, so that its readers cannot use a login."""
        return hashlib.sha256(self["jti"].encode()).hexdigest()


class Access(Claims):
    token_type = "access"  # noqa: S105 - a type, no secret
    lifetime = jwt_settings.ACCESS_TOKEN_LIFETIME


class Refresh(Claims):
    token_type = "refresh"  # noqa: S105
    lifetime = jwt_settings.REFRESH_TOKEN_LIFETIME


class Either(Claims):
    """A token of either type, for `check` alone. Never authenticate a request with it."""

    token_type = "either"  # noqa: S105
    lifetime = jwt_settings.ACCESS_TOKEN_LIFETIME

    def verify_token_type(self) -> None:
        if self.get("token_type") not in (Access.token_type, Refresh.token_type):
            raise TokenError("The token has no type of ours.")


Kind = TypeVar("Kind", bound=Claims)


def _read(kind: type[Kind], raw: str) -> Kind:
    """Verify signature, times, issuer, audience and type, without a query.

    Raises Problem `invalid_token` or `token_expired`.
    """
    if len(raw) > _MAX_TOKEN_CHARACTERS or not _COMPACT_JWS.fullmatch(raw):
        raise _invalid()
    try:
        return kind(raw)  # type: ignore[arg-type]  # it takes text; simplejwt's annotation is wrong
    except ExpiredTokenError:
        raise Problem("token_expired", "The token has expired. Refresh it, or log in again.") from None
    except TokenError:
        raise _invalid() from None


def _user_of(token: Claims) -> User:
    """The token's user, by one query.

    Raises Problem `invalid_token` when the user may not sign in or the login has ended.
    """
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
    """One sentence for every reason, so that it tells an attacker nothing."""
    return Problem("invalid_token", "The token is not valid, or its login has ended. Log in again.")
