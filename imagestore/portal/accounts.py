"""The pages of accounts: landing page, profile, deletion. allauth's views serve sign-in and passwords."""

from typing import Any, Final, cast

from allauth.account import views as allauth
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import get_language_from_request, gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import known_browsers, services
from accounts.mail_links import Confirmation
from accounts.models import User
from images.deletion import trash
from images.services import delete_account
from imagestore.kit.problems import Problem
from imagestore.portal.forms.accounts import DeleteAccountForm, ProfileForm

# Without this list, FormView would handle a PUT like a POST.
FORM_METHODS: Final = ["get", "head", "options", "post"]


@login_not_required
def landing(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("album-list")
    return render(request, "landing.html")


class SignupView(allauth.SignupView):
    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "invitation": self.request.GET.get("invitation", "")}


class RemembersThisBrowser(FormView):
    """Lets a browser in during an attack on its mailbox once it has set a new password."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        known_browsers.remember(self.request, response, form.user)
        return response


class PasswordChangeView(RemembersThisBrowser, allauth.PasswordChangeView):
    pass


class PasswordResetFromKeyView(RemembersThisBrowser, allauth.PasswordResetFromKeyView):
    pass


class ProfileView(FormView):
    template_name = "accounts/profile.html"
    form_class = ProfileForm
    http_method_names = FORM_METHODS
    success_url = reverse_lazy("profile")

    def get_initial(self) -> dict[str, Any]:
        user = _user(self.request)
        return {"name": user.name, "language": user.language}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context, trash_bytes=trash.used_bytes(_user(self.request)))

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        user = _user(self.request)
        services.change_name(user, form.cleaned_data["name"])
        # A page from before an update of the store does not send it.
        if "language" in form.data and "language" in form.changed_data:
            services.change_language(user, form.cleaned_data["language"])
        # The next page shows this, in the new language.
        with translation.override(user.language or get_language_from_request(self.request)):
            messages.success(self.request, gettext("Your profile is saved."))
        return super().form_valid(form)


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class DeleteAccountView(FormView):
    template_name = "accounts/delete.html"
    form_class = DeleteAccountForm
    http_method_names = FORM_METHODS
    success_url = reverse_lazy("landing")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context, **trash.counts_with_trash(_user(self.request)))

    def form_valid(self, form: DeleteAccountForm) -> HttpResponse:
        user = _user(self.request)
        try:
            services.confirm_password(self.request, user, form.cleaned_data["password"])
        except Problem as problem:
            if problem.code != "invalid":
                raise
            form.add_error("password", problem.detail)
            return self.form_invalid(form)
        delete_account(user)
        logout(self.request)
        messages.success(self.request, gettext("Your account and all its images are deleted."))
        return _forgotten_by_the_browser(super().form_valid(form))


class LogoutView(allauth.LogoutView):
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return _forgotten_by_the_browser(super().post(*args, **kwargs))


class ConfirmEmail(allauth.ConfirmEmailView):
    def get_object(self, queryset: object = None) -> Confirmation:
        confirmation = Confirmation.from_key(self.kwargs["key"])
        if confirmation is None:
            raise Http404
        return confirmation


confirm_email = ConfirmEmail.as_view()


def _forgotten_by_the_browser(response: HttpResponse) -> HttpResponse:
    """With photos that wait to be uploaded (static/js/upload-store.js): the next person must not find them."""
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _user(request: HttpRequest) -> User:
    """The signed-in user: LoginRequired lets no anonymous request reach a view."""
    return cast(User, request.user)
