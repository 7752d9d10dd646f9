"""A door for signed links before Django: no session, no policy of pages, no look-up of URLs stands in their way.

A page of an album asks for fifty of them. What is not simply a file goes on to Django, which answers it as ever:
another method, a link that is wrong or has ended, a file that is gone, a storage that does not answer.
"""

import time
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any
from uuid import UUID

from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from images.delivery.answers import FileAnswer
from images.delivery.links import as_spelt_by_us, seconds_left
from images.delivery.responses import answer_link, serve_link
from images.storage.disk import FileSection
from imagestore.kit.logging import bind_request_id, log_answer
from imagestore.kit.metrics import count_request
from imagestore.kit.problems import Problem

_STATUS_LINES = {status: f"{status} {HTTPStatus(status).phrase}" for status in (200, 206, 304)}
# In the environ of a request: the Problem of its link. A storage that fails may take its whole time-out, once.
_FOUND = "imagestore.link_found"


class MediaDoor:
    """WSGI application around Django."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._policy = lru_cache(_policy)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        started = time.monotonic()
        link = as_spelt_by_us(environ)  # Django takes every other spelling, too
        if link is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.app(environ, start_response)
        image, file, expires, signature = link
        policy = self._policy(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
        seconds = seconds_left(f"{image}/{file}", expires, signature)
        if policy is None or not seconds:
            return self.app(environ, start_response)
        environ["HTTP_X_REQUEST_ID"] = request_id = bind_request_id(environ)
        try:
            answer = answer_link(environ, UUID(image), file, seconds)
        except Problem as problem:
            if problem.code != "not_found":  # else Django looks for a newer version
                environ[_FOUND] = problem
            return self.app(environ, start_response)
        headers = {**policy, **answer.headers, "X-Request-ID": request_id}
        start_response(_STATUS_LINES[answer.status], list(headers.items()))
        path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
        log_answer(request_id, environ["REQUEST_METHOD"], path, answer.status, started)
        count_request("media", environ["REQUEST_METHOD"], answer.status, time.monotonic() - started)
        return _body(answer, environ)


def serve_link_once(request: HttpRequest, image_id: UUID, file: str) -> HttpResponseBase:
    """For Django's view: the Problem that the door has found already, or as `serve_link`."""
    if problem := request.META.get(_FOUND):
        raise problem
    return serve_link(request, image_id, file)


def _policy(scheme: str, host: str) -> dict[str, str] | None:
    """What Django's middleware adds to each answer. None where Django refuses the host, or redirects to https."""
    environ = {"wsgi.url_scheme": scheme, "HTTP_HOST": host, "REQUEST_METHOD": "GET", "wsgi.input": BytesIO()}
    request = WSGIRequest(environ)
    try:
        request.get_host()
    except DisallowedHost:
        return None
    # Of settings.MIDDLEWARE those that concern a file, in their order.
    response: Any = SecurityMiddleware(XFrameOptionsMiddleware(_nothing))(request)
    return dict(response.items()) if response.status_code == 204 else None


def _nothing(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


def _body(answer: FileAnswer, environ: dict[str, Any]) -> Iterable[bytes]:
    """The server closes it when it has sent it."""
    if isinstance(answer.body, FileSection) and "wsgi.file_wrapper" in environ:
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](answer.body)
        return wrapped
    return answer.body or ()
