"""Reads a file of settings (.env) as Docker Compose and shells do."""

import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)=(.*)")
_SINGLE_QUOTED = re.compile(r"'([^']*)'\s*(?:#.*)?")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')


def read_env_file(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number of the line, name and value. The name is "" for a line that is none. Without a file there are none.

    Raises OSError and UnicodeDecodeError when the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            match = _LINE.fullmatch(stripped)
            yield (number, match[1], _value(match[2].strip())) if match else (number, "", "")


def _value(text: str) -> str:
    """Without quotes, and without a comment, which begins with a blank and #."""
    if match := _SINGLE_QUOTED.fullmatch(text):
        return match[1]
    if match := _DOUBLE_QUOTED.fullmatch(text):
        return re.sub(r"\\([^rnt])", r"\1", match[1])
    return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
