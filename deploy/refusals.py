"""What the worker answers when the app does not: problems (RFC 9457), as the app sends them."""

import json
from http import HTTPStatus

from gunicorn.http import errors

from imagestore.kit.problems import PROBLEM_JSON, Problem, internal_error

# About headers that the app wrote.
_DEFECTS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def refusal(problem: Problem) -> bytes:
    """The whole answer. The connection ends with it, because where the next request begins is not known."""
    content = json.dumps(problem.body()).encode()
    headers = {
        "Connection": "close",
        "Content-Type": PROBLEM_JSON,
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        **problem.headers,
    }
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def count(problem: Problem) -> None:
    """Count a refusal of the worker for Prometheus."""
    from imagestore.kit.metrics import count_request  # not before: gunicorn's master needs none of it

    count_request("server", None, problem.status)


def problem_of(error: Exception) -> Problem:
    """What an error of gunicorn means. Do not repeat its text: it may hold what the client sent."""
    match error:
        case errors.LimitRequestLine():
            return uri_too_long()
        case errors.LimitRequestHeaders():
            return headers_too_large()
        case errors.ExpectationFailed():
            return Problem("expectation_failed", "Of Expect only 100-continue is known. Nothing was done.")
        case errors.UnsupportedTransferCoding():
            return Problem("not_implemented", "Of Transfer-Encoding only chunked is known. Nothing was done.")
        case errors.InvalidHeader(hdr="HOST"):
            return Problem("parse_error", "The request needs exactly one Host header. Nothing was done.")
        case errors.ParseException() if not isinstance(error, _DEFECTS):
            return Problem("parse_error", "This is not HTTP as RFC 9112 has it. Nothing was done.")
    return internal_error()


def uri_too_long() -> Problem:
    return Problem("uri_too_long", "The address is too long. Shorten the search, or send fewer parameters.")


def headers_too_large() -> Problem:
    return Problem(
        "headers_too_large", "The headers are too large. Send fewer and smaller ones, and clear cookies."
    )


def too_slow() -> Problem:
    return Problem("request_timeout", "The request did not arrive in time. Nothing was done; send it again.")


def address_is_busy() -> Problem:
    return Problem("busy", "Other requests of your address are still in work. Nothing was done; try again shortly.")
