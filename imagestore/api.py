"""The API's own manners: every error as RFC 9457, every list as a keyset page."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template import loader
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnList
from rest_framework.views import set_rollback

from imagestore.keyset import MAX_PAGE_SIZE, PAGE_SIZE, Page, page_of
from imagestore.problems import Problem, database_unavailable, not_found

PROBLEM_JSON = "application/problem+json"


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook: any exception of a view becomes a problem; None lets a real defect be a 500."""
    problem = as_problem(error)
    if problem is None:
        return None
    set_rollback()
    renderer = getattr(context["request"], "accepted_renderer", None)
    if not isinstance(renderer, JSONRenderer | BrowsableAPIRenderer):
        return problem_response(problem)
    response = Response(problem.body(), status=problem.status, headers=headers_of(problem, error))
    response.content_type = PROBLEM_JSON if isinstance(renderer, JSONRenderer) else None
    return response


def as_problem(error: BaseException) -> Problem | None:
    match error:
        case Problem():
            return error
        case Http404() | exceptions.NotFound():
            return not_found()
        case OperationalError() | InterfaceError():
            return database_unavailable()
        case exceptions.ValidationError():
            return Problem("invalid", "Some fields are not right; see errors.", errors=_by_field(error.detail))
        case TooManyFilesSent():
            return Problem("too_many_files", f"Send at most {settings.MAX_BULK_FILES} files at once.")
        case UnreadablePostError() | MultiPartParserError():
            return Problem("parse_error", "The request ended early or could not be read. Nothing was stored.")
        case exceptions.ParseError() | RecursionError():
            return Problem("parse_error", _sentence(error, "The request could not be read."))
        case exceptions.Throttled():
            wait = int(getattr(error, "wait", None) or 60)
            return Problem("throttled", f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)
        case exceptions.PermissionDenied() | PermissionDenied():
            # The only 403 there is: rights are querysets, so this is a session without its CSRF token.
            return Problem("csrf_failed", _sentence(error, "Reload the page and try again."))
        case exceptions.APIException():
            code = str(error.get_codes())
            return Problem(_CODE_OF.get(code, code), _sentence(error, "The request was refused."))
    return None


# DRF's names for what the contract calls otherwise.
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
    """The same answer outside DRF: unknown paths, early refusals, a dead database."""
    response = JsonResponse(problem.body(), status=problem.status, content_type=PROBLEM_JSON)
    for name, value in headers_of(problem).items():
        response[name] = value
    return response


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _sentence(error: Exception, fallback: str) -> str:
    detail = getattr(error, "detail", None)
    return str(detail) if isinstance(detail, str) else fallback


def _by_field(detail: Any) -> dict[str, list[str]]:
    """DRF's details, flattened to one list of sentences per field."""
    if isinstance(detail, Mapping):
        return {str(field): _sentences(value) for field, value in detail.items()}
    return {"non_field_errors": _sentences(detail)}


def _sentences(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {text}" for key, inner in value.items() for text in _sentences(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _sentences(inner)]
    return [str(value)]


class KeysetPagination(BasePagination):
    """`{"next", "previous", "results"}`; the view's `orderings` maps names to columns."""

    page: Page
    template = "rest_framework/pagination/previous_and_next.html"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.request = request
        self.page = page_of(queryset, request.query_params, view.orderings)
        self.display_page_controls = True
        return self.page.items

    def get_paginated_response(self, data: ReturnList[Any]) -> Response:
        return Response({"next": self.next_url(), "previous": self.previous_url(), "results": data})

    def to_html(self) -> str:
        """The controls of the browsable page."""
        urls = {"previous_url": self.previous_url(), "next_url": self.next_url()}
        return loader.render_to_string(self.template, urls)

    def next_url(self) -> str | None:
        return self.page.url(self.request, self.page.next_cursor)

    def previous_url(self) -> str | None:
        return self.page.url(self.request, self.page.previous_cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [sign + name for name in view.orderings for sign in ("", "-")]
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            {"name": "page_size", "in": "query", "schema": size},
            {"name": "cursor", "in": "query", "schema": {"type": "string"}},
            {"name": "ordering", "in": "query", "schema": {"type": "string", "enum": names}},
        ]
