"""One request to a program of the operator's that waits for news."""

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from imagestore.kit.deadline import cut_after


def post_json(url: str, message: Any, token: str, seconds: float) -> int:
    """The status of the answer, of which nothing else is read. Redirects are not followed.

    Raises OSError, also when answer and all take longer than `seconds` after the connection.
    """
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json", "User-Agent": "image-store"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with closing(connect(str(parts.hostname), parts.port, timeout=seconds)) as connection:
            connection.connect()
            with cut_after(seconds, connection.sock):
                connection.request("POST", path, json.dumps(message), headers)
                return connection.getresponse().status
    except (HTTPException, UnicodeError) as error:  # UnicodeError: a name that no DNS could have
        raise OSError(type(error).__name__) from None
