"""Defaults of every page: it needs a login, no shared cache may store it. And what Django must not be asked."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext_lazy as _

from imagestore.kit.errors import answer, is_api
from imagestore.kit.problems import PROBLEM_JSON, Problem


class LoginRequired(LoginRequiredMiddleware):
    """Django's middleware, without its look-up of the user for views that need no login.

    That look-up would make a signed link, or an API request with a token, read the session and vary
    by cookie.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not getattr(view, "login_required", True):
            return None
        return super().process_view(request, view, args, kwargs)


class Language:
    """Answers in the language of the user's profile, else in the first of the browser's that the store knows.

    What only operators and programs read is in English. The session is asked by its cookie alone, and not where a
    token says who the user is: elsewhere it would cost a query, and the answer would vary by cookie.

    The API is for programs, unless a session asks without a token: that is a page's script, which shows the
    sentence of a refusal to its reader.
    """

    ENGLISH = ("/admin/", "/api/docs/", "/api/schema/", "/healthz/", "/languages/", "/media/", "/metrics")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(self.ENGLISH) or _is_for_programs(request):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        language = _language_of_profile(request) or translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", language)
        return response


def _is_for_programs(request: HttpRequest) -> bool:
    """The API, which can be browsed, too; not what the script of a page asks."""
    return is_api(request) and (not _has_session(request) or "text/html" in request.headers.get("Accept", ""))


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES and "Authorization" not in request.headers


def _language_of_profile(request: HttpRequest) -> str:
    """Empty where the user has chosen none, or one that the store has no longer."""
    if not _has_session(request):
        return ""
    language: str = getattr(request.user, "language", "")
    return language if language in dict(settings.LANGUAGES) else ""


class SoundHttp:
    """Corrects what Django's answers have wrong by HTTP. Must stand before all other middleware.

    A 301 becomes a 308, unless the request only reads: clients follow a 301 with a GET (RFC 9110, 15.4.2). So an
    upload that is redirected to https, or to a final slash, would become a list, and its 200 look like a success.

    A 304 has no Content-Length: 0, because the content that it stands for has another (RFC 9110, 8.6).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 301 and request.method not in ("GET", "HEAD"):
            response.status_code = 308
        if response.status_code == 304:
            del response["Content-Length"]
        return response


class CompressedText(GZipMiddleware):
    """Django's middleware, for pages and JSON alone: pictures would not shrink, and the kernel sends files itself.

    The length of a compressed answer tells which text of a request is in it, too (BREACH). So an answer that no
    cache may store, as one with tokens of the API, stays as it is. A page's CSRF token is another in each answer,
    and the middleware adds bytes at random (docs/security.md).

    It would make an ETag a weak one, which If-Match does not take: what has one is short, and stays as it is.
    """

    TYPES = ("text/", "application/json", PROBLEM_JSON, "application/vnd.oai.openapi")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_text = response.headers.get("Content-Type", "").startswith(self.TYPES)
        is_secret = "no-store" in response.headers.get("Cache-Control", "")
        if response.streaming or "ETag" in response.headers or is_secret or not is_text:
            return response
        return super().process_response(request, response)


class SlashesOfPages(CommonMiddleware):
    """Django's middleware, which redirects a page's path without its final slash. The API answers 404."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not is_api(request) and super().should_redirect_with_slash(request)


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
        return answer(request, Problem("unsupported_media_type", _("Send text as UTF-8. Nothing was changed.")))


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


class HeadWithoutBody:
    """WSGI application around Django, which leaves it to the server to drop the body of a HEAD.

    gunicorn drops it, but takes it for an error of the app and logs a warning each time.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = self.app(environ, start_response)
        return _NoBody(body) if environ["REQUEST_METHOD"] == "HEAD" else body


class _NoBody:
    """The server closes it, and with it the answer whose body it replaces."""

    def __init__(self, body: Any) -> None:
        self.close: Callable[[], None] = getattr(body, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(())
