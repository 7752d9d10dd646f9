"""The forms of accounts, in place of allauth's where `settings.ACCOUNT_FORMS` says so."""

from typing import Any, ClassVar

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField as AllauthEmailField
from allauth.account.fields import PasswordField
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.invitations import MAX_TOKEN_CHARACTERS, refusal
from accounts.mail_links import user_of
from accounts.models import EMAIL_LENGTH, NAME_LENGTH, User, normalise_email
from accounts.services import register, request_reset, verification_is_mandatory


class EmailField(AllauthEmailField):
    """Normalises an address, so that all its spellings are one account. Refuses one that no account can have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": EMAIL_LENGTH, **kwargs})

    def to_python(self, value: Any) -> str:
        return normalise_email(super().to_python(value))


class LoginForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = EmailField()
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["remember"].label = _("Stay logged in on this device")
        self.order_fields(["login", "password", "remember"])


class ResetKeyForm(allauth_forms.UserTokenForm):
    """Reads the link of a reset, which names the user by the public id."""

    def _get_user(self, uidb36: str) -> User | None:
        return user_of(uidb36)


class SignupForm(allauth_forms.SignupForm):
    email = EmailField()
    invitation = forms.CharField(max_length=MAX_TOKEN_CHARACTERS, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if sentence := refusal(cleaned.get("invitation", ""), cleaned.get("email", "")):
            raise forms.ValidationError(str(sentence))
        return cleaned

    def validate_unique_email(self, value: str) -> str:
        """With mandatory verification, look nothing up: the time would tell whether the address has an account."""
        email: str = value if verification_is_mandatory() else super().validate_unique_email(value)
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """allauth calls this after validation. If there is no user, the response says to look for a mail."""
        user = register(
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            invitation=self.cleaned_data["invitation"],
        )
        return user, None if user else get_adapter().respond_email_verification_sent(request, None)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    email = EmailField()
    email.widget.attrs["autofocus"] = True

    def clean_email(self) -> str:
        """Look nothing up, unlike allauth: the time would tell whether the address has an account."""
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **options: Any) -> str:
        request_reset(request, self.cleaned_data["email"])
        return str(self.cleaned_data["email"])


class _NewPassword:
    """Labels in sentence case, where allauth's have a capital in each word."""

    LABELS: ClassVar = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password (again)"),
    }
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.LABELS[name]


class ChangePasswordForm(_NewPassword, allauth_forms.ChangePasswordForm):
    pass


class ResetPasswordKeyForm(_NewPassword, allauth_forms.ResetPasswordKeyForm):
    pass


class ProfileForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH,
        required=False,
        label=_("Name"),
        help_text=_("Shown to nobody but you."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    language = forms.ChoiceField(
        choices=lambda: [("", _("As the browser asks")), *settings.LANGUAGES],
        required=False,
        label=_("language"),
        help_text=_("Of pages and mails."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(settings.LANGUAGES) == 1:
            del self.fields["language"]


class DeleteAccountForm(forms.Form):
    password = PasswordField(label=_("Your password"), autocomplete="current-password")
    password.widget.attrs["autofocus"] = True
