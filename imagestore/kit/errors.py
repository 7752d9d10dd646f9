"""Every error as a problem (RFC 9457): JSON for programs and files, else a page in plain words."""

import logging
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import DisallowedHost, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, split_domain_port
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from imagestore.kit.body import BodyTooLong, has_failed
from imagestore.kit.database import is_full, will_pass
from imagestore.kit.hosts import needs_only_site_url
from imagestore.kit.problems import (
    PROBLEM_JSON,
    Problem,
    database_unavailable,
    disk_full,
    internal_error,
    not_found,
    too_many_attempts,
)
from imagestore.kit.sentences import Sentence, filled

logger = logging.getLogger(__name__)

# Programs ask these. A browser asks /media/ for pictures of a page, and shows no error page in their place.
JSON_PATHS = ("/api/", "/media/")
# Of the fields that are wrong an answer tells so many, of each so many sentences, of each so many characters.
MAX_FIELDS = 20
MAX_SENTENCES = 5
MAX_CHARACTERS = 300
# A name of DNS (RFC 1035, section 2.3.4), a colon and a port.
MAX_HOST_CHARACTERS = 253 + 6


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF calls this for each exception of a view. None makes a defect of ours a 500."""
    problem = as_problem(error)
    if problem is None:
        return None
    set_rollback()
    renderer = getattr(context["request"], "accepted_renderer", None)
    if isinstance(renderer, TemplateHTMLRenderer) and problem.status == 401:
        return redirect_to_login(context["request"].get_full_path())
    if not isinstance(renderer, JSONRenderer | BrowsableAPIRenderer):
        return problem_response(problem)
    response = Response(problem.body(), status=problem.status, headers=headers_of(problem, error))
    response.content_type = PROBLEM_JSON if isinstance(renderer, JSONRenderer) else None
    return response


def as_problem(error: BaseException) -> Problem | None:
    """The problem that an exception of Django, DRF or the database means; None for a defect of ours."""
    match error:
        case Problem() | BodyTooLong():
            return error if isinstance(error, Problem) else error.problem
        case Http404() | exceptions.NotFound():
            return not_found()
        case OperationalError() | InterfaceError():
            return _of_database(error)
        case exceptions.ValidationError():
            return Problem("invalid", _("Some fields are not right; see errors."), errors=_by_field(error.detail))
        case TooManyFilesSent():
            return Problem(
                "too_many_files", filled(_("Send at most %(count)s files at once."), count=settings.MAX_BULK_FILES)
            )
        case UnreadablePostError() | MultiPartParserError() | RawPostDataException():
            # The last one: DRF reads the body once more, after its CSRF check has hidden the first error.
            return _unreadable()
        case exceptions.ParseError() | RecursionError():
            return Problem("parse_error", _sentence(error, _("The request could not be read.")))
        case exceptions.Throttled():
            seconds = int(getattr(error, "wait", None) or 60)
            return too_many_attempts(seconds)
        case exceptions.PermissionDenied():
            # The API's views refuse with 404, so their 403 can only mean a session without its CSRF token.
            return Problem("csrf_failed", _sentence(error, _("Reload the page and try again.")))
        case exceptions.APIException():
            code = str(error.get_codes())
            return Problem(_CODE_OF.get(code, code), _sentence(error, _("The request was refused.")))
    return None


def _of_database(error: OperationalError | InterfaceError) -> Problem | None:
    if is_full(error):
        logger.warning("the disk of the database is full: %s", error)
        return disk_full()
    return database_unavailable() if will_pass(error) else None


def _unreadable() -> Problem:
    return Problem("parse_error", _("The request ended early or could not be read. Nothing was stored."))


# DRF's code -> our code, where they differ.
_CODE_OF = {
    "authentication_failed": "invalid_token",
    "token_not_valid": "invalid_token",
    "error": "internal_error",
}


def headers_of(problem: Problem, error: BaseException | None = None) -> dict[str, str]:
    if problem.status != 401:
        return problem.headers
    challenge = getattr(error, "auth_header", None) or 'Bearer realm="api"'
    return {**problem.headers, "WWW-Authenticate": challenge}


def problem_response(problem: Problem) -> JsonResponse:
    """The JSON answer where DRF gives none: unknown paths, early refusals, a dead database."""
    response = JsonResponse(problem.body(), status=problem.status, content_type=PROBLEM_JSON)
    for name, value in headers_of(problem).items():
        response[name] = value
    return response


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _sentence(error: Exception, fallback: Sentence) -> Sentence:
    detail = getattr(error, "detail", None)
    return str(detail) if isinstance(detail, str) else fallback


def _by_field(detail: Any) -> dict[str, list[str]]:
    """DRF's details, flattened to one list of sentences per field. An answer stays within a few kB."""
    if isinstance(detail, Mapping):
        fields = islice(detail.items(), MAX_FIELDS)
        return {str(field)[:MAX_CHARACTERS]: _few_sentences(value) for field, value in fields}
    return {"non_field_errors": _few_sentences(detail)}


def _few_sentences(value: Any) -> list[str]:
    return [sentence[:MAX_CHARACTERS] for sentence in _sentences(value)[:MAX_SENTENCES]]


def _sentences(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {text}" for key, inner in value.items() for text in _sentences(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _sentences(inner)]
    return [str(value)]


class ProblemPages:
    """Middleware that answers a Problem of a page's view with an error page that shows its sentence.

    It must stand after CSRF, to see whether the check could read the body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = answer(request, Problem("method_not_allowed", _("This address is not asked in this way.")))
        page["Allow"] = response["Allow"]
        return page

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        return answer(request, _unreadable()) if has_failed(request.META) else None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        problem = None if is_api(request) else as_problem(error)
        return answer(request, problem) if problem else None


# The page of every status that has no page of its own, such as templates/429.html.
OTHER_PAGE = "errors/problem.html"


def answer(request: HttpRequest, problem: Problem, page: str = "") -> HttpResponse:
    """Answer with the problem: JSON under /api/ and for signed links, else `page`, or the page of its status."""
    if request.path_info.startswith(JSON_PATHS):
        return problem_response(problem)
    pages = [page or f"{problem.status}.html", OTHER_PAGE]
    response = render(request, pages, {"problem": problem}, status=problem.status)
    for name, value in headers_of(problem).items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        return answer(request, _host_not_allowed(request), "errors/host.html")
    return answer(request, as_problem(exception) or Problem("parse_error", _("The request could not be read.")))


def _host_not_allowed(request: HttpRequest) -> Problem:
    """Tells an operator the setting to change. A stranger must not learn which names are allowed."""
    asked = request.META.get("HTTP_HOST", "")
    host = split_domain_port(asked)[0]
    if not host or len(asked) > MAX_HOST_CHARACTERS:
        return Problem("parse_error", _("The request names no host that could be one. Nothing was done."))
    sentence = _("This store does not answer to %(host)s until its operator adds %(host)s to ALLOWED_HOSTS.")
    if needs_only_site_url():
        sentence = _("This store does not answer to %(host)s until its operator sets %(setting)s.")
    setting = f"SITE_URL={request.scheme}://{asked.lower()}"
    return Problem("parse_error", filled(sentence, host=host, setting=setting))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = _("Nothing was changed. A superuser of this store can give your account the right to do this.")
    return answer(request, Problem("forbidden", sentence))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(
        request, Problem("csrf_failed", _("The form was open for too long. Reload the page and try again."))
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request) and is_valid_path(f"{request.path_info}/"):
        return answer(
            request, Problem("not_found", f"This path ends with a slash: {request.path}/. Nothing was done.")
        )
    return answer(request, not_found())


def too_many_requests(request: HttpRequest) -> HttpResponse:
    sentence = _("Too many attempts. Wait a minute, then try again.")
    return answer(request, Problem("throttled", sentence, retry_after=60))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this for any other exception. What passes, as a dead database, is a 503; a defect is a 500."""
    error = sys.exc_info()[1]
    problem = as_problem(error) if error else None
    return answer(request, problem or internal_error())
