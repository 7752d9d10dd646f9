"""Defaults of every page, which a view can override: it needs a login, and no shared cache may store it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase


class LoginRequired(LoginRequiredMiddleware):
    """Django's middleware, without its look-up of the user for views that need no login.

    That look-up would make a signed link, or an API request with a token, read the session and vary
    by cookie.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not getattr(view, "login_required", True):
            return None
        return super().process_view(request, view, args, kwargs)


class PrivateByDefault:
    """Adds Cache-Control where a view sets none: only browsers may store the answer, and must ask before reuse."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
