"""Accounts as JSON."""

from typing import Any

from rest_framework import serializers

from accounts.adapter import MaximumLengthValidator
from accounts.invitations import MAX_TOKEN_CHARACTERS
from accounts.models import EMAIL_LENGTH, NAME_LENGTH, User, normalise_email
from imagestore.api.serializers.fields import TextField


class EmailField(serializers.EmailField):
    """Normalises an address, so that all its spellings are one account."""

    def to_internal_value(self, data: Any) -> str:
        return normalise_email(super().to_internal_value(data))


class PasswordField(TextField):
    """A password exactly as typed. accounts.services.register checks its strength."""

    def __init__(self, **kwargs: Any) -> None:
        length = MaximumLengthValidator.MAX_CHARACTERS
        style = {"input_type": "password"}
        super().__init__(write_only=True, trim_whitespace=False, max_length=length, style=style, **kwargs)


class TokenField(TextField):
    """Accepts any text: accounts.tokens answers a bad token with 401, not 400."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, **kwargs)
        self.validators = []


class QuotaSerializer(serializers.Serializer[User]):
    """Bytes of originals, those in the trash included; a null limit is none."""

    limit = serializers.IntegerField(source="quota", allow_null=True, read_only=True)
    used = serializers.IntegerField(source="used_bytes", read_only=True)


class UserSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    name = TextField(max_length=NAME_LENGTH, required=False, allow_blank=True)
    quota = QuotaSerializer(source="*", read_only=True)

    class Meta:
        model = User
        fields = ("id", "email", "name", "created_at", "quota")
        read_only_fields = ("email", "created_at")


class CredentialsSerializer(serializers.Serializer[User]):
    email = EmailField(max_length=EMAIL_LENGTH)
    password = PasswordField()


class RegistrationSerializer(CredentialsSerializer):
    name = TextField(max_length=NAME_LENGTH, required=False, allow_blank=True)
    invitation = TextField(
        max_length=MAX_TOKEN_CHARACTERS,
        required=False,
        allow_blank=True,
        help_text="Of the operator's link; needed where sign-up is by invitation.",
    )


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = TokenField()


class VerifySerializer(serializers.Serializer[Any]):
    token = TokenField()


class PasswordSerializer(serializers.Serializer[Any]):
    password = PasswordField()


class PairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class LoginSerializer(PairSerializer):
    user = UserSerializer(read_only=True)
