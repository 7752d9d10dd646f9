"""The site of the operators' pages."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator

from imagestore.operators import first_page


class Site(AdminSite):
    # Of "View site". Django's own would lack its slash under a sub-path.
    site_url = reverse_lazy("landing")  # type: ignore[assignment]

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Operators sign in on the same page as users, and their attempts are counted like those of users."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def get_urls(self) -> list[Any]:
        """Ours and Django's, without `r/…`, which tells any operator the public id of any row."""
        urls = [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
        return [
            path("process-again/", self.admin_view(first_page.process_again), name="process_again"),
            path("test-mail/", self.admin_view(first_page.send_test_mail), name="test_mail"),
            *urls,
        ]
