"""The search for secrets in every line of the log: in the tests' own process, and in the log of each server.

A secret is known by its form, or because a server gave it to a person of the tests.
"""

import logging
import re
from pathlib import Path
from typing import Any

from imagestore.kit.logging import formatter

_FORMS = re.compile(
    r"eyJ[\w-]{10,}\.[\w-]{10,}\.|signature=[0-9a-f]{16}|sessionid=\w{16}|(?i:bearer) +[\w.-]{16}"
    # The passwords of people in tests.
    r"|correct horse battery|korrekt-horse-9"
)
# A mail that is printed bears such a key; a line of the log must not.
_KEYS_OF_MAILS = re.compile(r"/password/reset/key/\w+-\w+-\w{16}|/confirm-email/[\w-]+:")
_WORDS = re.compile(r"[\w.-]{16,}")
# Where an answer of the store has secrets.
_GIVEN = re.compile(r'"(?:access|refresh)": ?"([\w.-]{16,})"|signature=(\w{16,})')

_given: set[str] = set()


def remember(answer: Any, *args: Any, **options: Any) -> None:
    """A hook of `requests`: note the tokens, links and cookies of an answer."""
    _given.update(cookie.value for cookie in answer.cookies if len(cookie.value) >= 16)
    if "json" in answer.headers.get("Content-Type", ""):
        _given.update(word for found in _GIVEN.findall(answer.text) for word in found if word)


def leaks_in(text: str) -> list[str]:
    """The lines with a secret."""
    return [line for line in text.splitlines() if _leaks(line)]


def _leaks(line: str) -> bool:
    is_line_of_log = line.startswith("{")
    return bool(
        _FORMS.search(line)
        or (is_line_of_log and _KEYS_OF_MAILS.search(line))
        or not _given.isdisjoint(_WORDS.findall(line))
    )


class LogOfServer:
    """The log of a server, read from where the last search ended."""

    def __init__(self, file: Path) -> None:
        self._file, self._searched_bytes = file, 0

    def search(self) -> None:
        """Raises AssertionError for a line with a secret."""
        if not self._file.exists():
            return
        with self._file.open("rb") as log:
            log.seek(self._searched_bytes)
            text = log.read()
        self._searched_bytes += len(text)
        leaks = leaks_in(text.decode(errors="replace"))
        assert leaks == [], f"the log of a server tells secrets, in {self._file}"


class Search(logging.Handler):
    """Reads each line that the tests' own process logs, as the store would print it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter())
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.leaks += leaks_in(self.format(record))

    def take(self) -> list[str]:
        leaks, self.leaks = self.leaks, []
        return leaks
