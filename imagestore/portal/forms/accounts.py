"""The forms of accounts, in place of allauth's where `settings.ACCOUNT_FORMS` says so."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.fields import EmailField as AllauthEmailField
from allauth.account.fields import PasswordField
from django import forms
from django.http import HttpRequest, HttpResponse

from accounts.models import EMAIL_LENGTH, NAME_LENGTH, User, normalise_email
from accounts.services import register, verification_is_mandatory
from imagestore.kit.problems import Problem


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
        self.order_fields(["login", "password", "remember"])


class SignupForm(allauth_forms.SignupForm):
    email = EmailField()

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Register, as allauth asks for it after validation.

        When a parallel sign-up has just taken the address, and verification is mandatory, answer as
        allauth does for an address that has an account.
        """
        try:
            return register(email=self.cleaned_data["email"], password=self.cleaned_data["password1"]), None
        except Problem:
            if not verification_is_mandatory():
                raise
        self.account_already_exists = True
        return super().try_save(request)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    email = EmailField()


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=NAME_LENGTH, required=False, help_text="Shown to nobody but you.")


class DeleteAccountForm(forms.Form):
    password = PasswordField(label="Your password", autocomplete="current-password")
