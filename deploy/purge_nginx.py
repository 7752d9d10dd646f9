"""Removes from the cache of deploy/nginx-cdn.conf what was deleted in the store: what CDN_PURGE_URL posts to.

    PURGE_TOKEN=… python3 purge_nginx.py /var/cache/image-store-cdn 127.0.0.1 9998

Runs beside that nginx, as its user, and needs nothing but Python. nginx fetches anew what is missing in its cache.
"""

import json
import os
import re
import socket
import sys
import threading
from contextlib import suppress
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

MAX_BODY_BYTES = 64 * 1024
# A client may take so long for its request, however slowly it sends; it is the only one in work.
REQUEST_SECONDS = 10
TOKEN_CHARACTERS = 32
# nginx writes the key of a file behind a head of some hundred bytes.
HEAD_BYTES = 1024
# The path of SITE_URL may stand before it.
_KEY = re.compile(rb"\nKEY: ((?:/[\w.~-]+)*/media/[0-9a-f-]{36}/)")


def remove(cache: Path, prefixes: set[bytes]) -> int:
    """Remove all files whose key begins with one of these. Returns how many."""
    removed = 0
    for folder, _, names in os.walk(cache):
        for name in names:
            file = Path(folder, name)
            try:
                with file.open("rb") as opened:
                    key = _KEY.search(opened.read(HEAD_BYTES))
                if key and key[1] in prefixes:
                    file.unlink()
                    removed += 1
            except FileNotFoundError:
                pass  # nginx itself removes and renames files
    return removed


class Handler(BaseHTTPRequestHandler):
    cache = Path()
    token = ""

    def handle(self) -> None:
        # A socket's own time-out begins again with each byte.
        self.deadline = threading.Timer(REQUEST_SECONDS, self._cut)
        self.deadline.start()
        try:
            super().handle()
        finally:
            self.deadline.cancel()

    def _cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_POST(self) -> None:
        self.send_response(self._purge())
        self.end_headers()

    def _purge(self) -> int:
        if not compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {self.token}".encode()):
            return 403
        try:
            body = self.rfile.read(max(0, min(int(self.headers["Content-Length"]), MAX_BODY_BYTES)))
            prefixes = {str(prefix).encode() for prefix in json.loads(body)["prefixes"]}
        except (KeyError, RecursionError, TypeError, ValueError):
            return 400
        self.deadline.cancel()
        print(f"{remove(self.cache, prefixes)} files of {len(prefixes)} images removed", flush=True)
        return 204


def main(cache: str, host: str, port: str) -> None:
    Handler.cache, Handler.token = Path(cache), os.environ.get("PURGE_TOKEN", "")
    if len(Handler.token) < TOKEN_CHARACTERS:
        sys.exit(f"PURGE_TOKEN must have {TOKEN_CHARACTERS} characters or more: who knows it may empty the cache.")
    HTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
