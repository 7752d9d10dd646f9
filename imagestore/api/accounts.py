"""Endpoints of accounts: sign-up, tokens, the signed-in user."""

from dataclasses import asdict
from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, tokens
from accounts.models import User
from images.services import delete_account
from imagestore.api.conditions import locked_if_conditional, require_match, with_etag
from imagestore.api.refusals import refuses
from imagestore.api.serializers import accounts
from imagestore.kit.database import refresh


class PublicView(GenericAPIView[Any]):
    """Base of endpoints that ignore headers and cookies of a login, so that an expired token does no harm."""

    authentication_classes = ()
    permission_classes = ()


class RegisterView(PublicView):
    """Make an account, and log in to it."""

    serializer_class = accounts.RegistrationSerializer

    @refuses("throttled", "busy")
    @extend_schema(
        responses={
            201: accounts.LoginSerializer,
            202: OpenApiResponse(
                {"type": "object"},
                description="Only with mandatory verification: a mail tells how to go on. The answer is empty.",
            ),
        }
    )
    def post(self, request: Request) -> Response:
        user = services.sign_up(request, **_validated(self))
        return Response({}, status=202) if user is None else _secret(_login(user), status=201)


class LoginView(PublicView):
    """Begin a login of an API client; it lasts 30 days at most."""

    serializer_class = accounts.CredentialsSerializer

    @refuses("invalid_credentials", "throttled", "busy")
    @extend_schema(responses=accounts.LoginSerializer)
    def post(self, request: Request) -> Response:
        return _secret(_login(services.authenticate(request, **_validated(self))))


class RefreshView(PublicView):
    """Exchange a refresh token for the next pair. The old refresh token is dead; using it again ends its login."""

    serializer_class = accounts.RefreshSerializer

    @refuses("invalid_token", "token_expired")
    @extend_schema(responses=accounts.PairSerializer)
    def post(self, request: Request) -> Response:
        return _secret(asdict(tokens.rotate(**_validated(self))))


class VerifyView(PublicView):
    """Ask whether an access or refresh token would be taken now."""

    serializer_class = accounts.VerifySerializer

    @refuses("invalid_token", "token_expired")
    @extend_schema(responses=OpenApiResponse({"type": "object"}, description="It would."))
    def post(self, request: Request) -> Response:
        tokens.check(**_validated(self))
        return Response({})


class LogoutView(PublicView):
    """End a login: its refresh token and its access tokens."""

    serializer_class = accounts.RefreshSerializer

    @refuses("invalid_token")
    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        tokens.revoke(**_validated(self))
        return Response(status=204)


class MeView(GenericAPIView[User]):
    """The signed-in user."""

    serializer_class = accounts.UserSerializer

    def get(self, request: Request) -> Response:
        """Show the signed-in user, with quota."""
        return with_etag(request, self._shown(_me(request)))

    def patch(self, request: Request) -> Response:
        """Change the signed-in user's name."""
        me = _me(request)
        serializer = self.get_serializer(me, data=request.data, partial=True)
        with locked_if_conditional(request, me, me):
            refresh(me, User.objects.living())
            require_match(request, self._shown(me))
            serializer.is_valid(raise_exception=True)
            if "name" in serializer.validated_data:
                services.change_name(me, serializer.validated_data["name"])
        return with_etag(request, self._shown(me))

    def _shown(self, user: User) -> dict[str, Any]:
        return dict(self.get_serializer(user).data)


class DeleteMeView(GenericAPIView[Any]):
    """Delete the account and all that is in it, for ever."""

    serializer_class = accounts.PasswordSerializer

    @refuses("throttled", "busy")
    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        services.confirm_password(request, _me(request), **_validated(self))
        delete_account(_me(request))
        return Response(status=204)


def _secret(tokens: dict[str, Any], status: int = 200) -> Response:
    """No cache stores it (RFC 6749, section 5.1), and it is not compressed (imagestore.kit.middleware)."""
    return Response(tokens, status=status, headers={"Cache-Control": "no-store"})


def _me(request: Request) -> User:
    """The signed-in user: IsAuthenticated lets no anonymous request reach a view."""
    return cast(User, request.user)


def _validated(view: GenericAPIView[Any]) -> dict[str, Any]:
    serializer = view.get_serializer(data=view.request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _login(user: User) -> dict[str, Any]:
    pair = tokens.issue(user)
    return accounts.LoginSerializer({"user": user, **asdict(pair)}).data
