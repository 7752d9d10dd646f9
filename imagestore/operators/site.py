"""The site of the operators' pages."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator


class Site(AdminSite):
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Operators sign in on the same page as users, and their attempts are counted like those of users."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def get_urls(self) -> list[Any]:
        """Django's URLs without `r/…`, which tells any operator the public id of any row, whatever his rights."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
