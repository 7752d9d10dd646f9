"""A store under a path of its own, such as https://example.org/photos/."""

import json
import time
from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any

from imagestore.kit.logging import bind_request_id, log_answer
from imagestore.kit.masking import masked
from imagestore.kit.metrics import count_request
from imagestore.kit.problems import PROBLEM_JSON, not_found


class SubPath:
    """WSGI application around Django, for a proxy that passes the path on as the client has sent it.

    Django sees each path without `prefix`, and puts it before each address that it makes (FORCE_SCRIPT_NAME). What
    is not below the prefix is not there, except the paths in `at_root`.
    """

    def __init__(self, app: Any, prefix: str, at_root: Collection[str]) -> None:
        self.app, self.prefix, self.at_root = app, prefix, at_root

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path.startswith(f"{self.prefix}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = self.prefix, path.removeprefix(self.prefix)
        elif path not in self.at_root:
            return self._answer(environ, start_response)
        answer: Iterable[bytes] = self.app(environ, start_response)
        return answer

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The first page has a slash at its end, without which browsers would send it no cookie."""
        started, request_id = time.monotonic(), bind_request_id(environ)
        problem = not_found()
        if environ["PATH_INFO"] == self.prefix:
            status, content = HTTPStatus.PERMANENT_REDIRECT, b""
            headers = {"Location": f"{self.prefix}/?{environ['QUERY_STRING']}".removesuffix("?")}
        else:
            status, content = HTTPStatus(problem.status), json.dumps(problem.body()).encode()
            headers = {"Content-Type": PROBLEM_JSON, "X-Content-Type-Options": "nosniff"}
        headers |= {
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "X-Request-ID": request_id,
        }
        start_response(f"{status} {status.phrase}", list(headers.items()))
        method = environ["REQUEST_METHOD"]
        # An old link of a mail may lead here, with its key.
        log_answer(request_id, method, masked(environ["PATH_INFO"]), status, started)
        count_request("server", method, status, time.monotonic() - started)
        return [] if method == "HEAD" else [content]
