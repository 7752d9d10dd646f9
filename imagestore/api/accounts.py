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
from imagestore.api.serializers import accounts


class PublicView(GenericAPIView[Any]):
    """Base of endpoints that ignore headers and cookies of a login, so that an expired token does no harm."""

    authentication_classes = ()
    permission_classes = ()


class RegisterView(PublicView):
    """Make an account, and log in to it."""

    serializer_class = accounts.RegistrationSerializer

    @extend_schema(
        responses={
            201: accounts.LoginSerializer,
            202: OpenApiResponse(description="A mail tells how to go on (only with mandatory verification)."),
        }
    )
    def post(self, request: Request) -> Response:
        user = services.sign_up(request, **_validated(self))
        return Response({}, status=202) if user is None else Response(_login(user), status=201)


class LoginView(PublicView):
    """Begin a login of an API client; it lasts 30 days at most."""

    serializer_class = accounts.CredentialsSerializer

    @extend_schema(responses=accounts.LoginSerializer)
    def post(self, request: Request) -> Response:
        return Response(_login(services.authenticate(request, **_validated(self))))


class RefreshView(PublicView):
    """The next pair of tokens. The old refresh token is dead; using it again ends its login."""

    serializer_class = accounts.RefreshSerializer

    @extend_schema(responses=accounts.PairSerializer)
    def post(self, request: Request) -> Response:
        return Response(asdict(tokens.rotate(**_validated(self))))


class VerifyView(PublicView):
    """Whether an access or refresh token would be taken now."""

    serializer_class = accounts.VerifySerializer

    @extend_schema(responses=OpenApiResponse({"type": "object"}, description="It would."))
    def post(self, request: Request) -> Response:
        tokens.check(**_validated(self))
        return Response({})


class LogoutView(PublicView):
    """End a login: its refresh token and its access tokens."""

    serializer_class = accounts.RefreshSerializer

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        tokens.revoke(**_validated(self))
        return Response(status=204)


class MeView(GenericAPIView[User]):
    """The signed-in user."""

    serializer_class = accounts.UserSerializer

    def get(self, request: Request) -> Response:
        return Response(self.get_serializer(request.user).data)

    def patch(self, request: Request) -> Response:
        serializer = self.get_serializer(request.user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        if "name" in serializer.validated_data:
            services.change_name(_me(request), serializer.validated_data["name"])
        return self.get(request)


class DeleteMeView(GenericAPIView[Any]):
    """Delete the account and all that is in it, for ever."""

    serializer_class = accounts.PasswordSerializer

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        services.confirm_password(request, _me(request), **_validated(self))
        delete_account(_me(request))
        return Response(status=204)


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
