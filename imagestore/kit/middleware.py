"""Defaults of every page: it needs a login, no shared cache may store it. And what Django must not be asked."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_header_parameters

from imagestore.kit.errors import answer
from imagestore.kit.problems import Problem


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


class Utf8Only:
    """Refuses a request whose Content-Type names another charset than UTF-8, or its ASCII subset: 415.

    Django and DRF decode a body by the charset that the client names. Some codecs of Python take minutes
    for a few hundred kB. Must stand before every middleware that reads a body.
    """

    ACCEPTED: ClassVar[frozenset[str]] = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() in self.ACCEPTED:
            return self.get_response(request)
        return answer(request, Problem("unsupported_media_type", "Send text as UTF-8. Nothing was changed."))


class ReadableContentType:
    """WSGI application around Django: it never sees a Content-Type header that it cannot parse.

    Django would raise ValueError before its first middleware. Utf8Only refuses what this class puts in place.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        except ValueError:
            environ["CONTENT_TYPE"] = "application/octet-stream; charset=unreadable"
        return self.app(environ, start_response)
