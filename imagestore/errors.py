"""Error answers outside DRF: pages in plain words, problem JSON for paths under /api/."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from imagestore.api import as_problem, headers_of, is_api, problem_response
from imagestore.problems import Problem, not_found

BROKEN = "Something broke on our side. What you had stored is still there."


class ProblemPages:
    """A Problem raised by a page's view becomes that page's error, with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = answer(request, Problem("method_not_allowed", "This address is not asked in this way."))
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        problem = None if is_api(request) else as_problem(error)
        return answer(request, problem) if problem else None


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as this door shows it: JSON under /api/, else a page."""
    if is_api(request):
        return problem_response(problem)
    template = {401: 403, 405: 400, 406: 400, 409: 400, 415: 400, 416: 400}.get(problem.status, problem.status)
    response = render(request, f"{template}.html", {"problem": problem}, status=problem.status)
    for name, value in headers_of(problem).items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_problem(exception) or Problem("parse_error", "The request could not be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(
        request, Problem("csrf_failed", "This is not for your account, or the form was open for too long.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, Problem("csrf_failed", "The form was open for too long. Reload the page and try again."))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, not_found())


def too_many_requests(request: HttpRequest) -> HttpResponse:
    wait = 60
    return answer(
        request, Problem("throttled", "Too many attempts. Wait a minute, then try again.", retry_after=wait)
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Last resort. A dead database is told apart from a defect: it passes, so it is a 503."""
    error = sys.exc_info()[1]
    problem = as_problem(error) if error else None
    return answer(request, problem or Problem("internal_error", BROKEN))
