"""docs/configuration.md: its columns "default" and "takes" are read from the code that reads the settings.

`make configuration` writes them. A setting whose row is missing is added at the end, without a meaning.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.servers import ROOT

PAPER = ROOT / "docs" / "configuration.md"
SOURCES = ["imagestore/settings.py", "deploy/gunicorn.conf.py", "deploy/serve.py", "deploy/healthy.py"]
# docker-compose.yml reads them, the store does not.
OF_COMPOSE_ALONE = {"BACKUP_FOLDER", "BIND", "CLUSTER_PASSWORD", "MYSQL_PASSWORD", "TESTS_AT_START"}

# Methods of imagestore.kit.env.Reader. `read` and `url` have a function before the default.
READERS = {"text", "integer", "size", "seconds", "days", "boolean", "choice", "key", "keys", "token"}
READERS_WITH_A_FUNCTION = {"read", "url"}
COMPUTED = object()
"""A default that only a run can tell."""

_CONSTANTS = {"_MIB": 2**20, "_GIB": 2**30, "_TIB": 2**40}
# The bounds of Reader's own methods, where a call names none.
_BOUNDS = {"integer": (1, None), "size": (1, None), "seconds": (1, 86_400), "days": (0, 36_500)}
_UNITS = {"integer": "", "size": " bytes", "seconds": " s", "days": " days"}
_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) ?\| (.*?) ?\| (.*?) ?\|$", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """One call that reads a setting, as `env.integer("PORT", 9999, most=65_535)`."""

    name: str
    default: Any
    """As text in the manner of .env; "" is none, COMPUTED one that only a run can tell."""
    takes: str
    """Which values, as the paper says it; "" where the meaning has to."""


def readings() -> Iterator[Reading]:
    """Every call in the code that reads a variable whose name is written there."""
    for source in SOURCES:
        for node in ast.walk(ast.parse((ROOT / source).read_text())):
            if isinstance(node, ast.Call) and (kind := _reader(node.func)) and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    yield Reading(name.value, _default(kind, node), _takes(kind, node))


def _reader(function: ast.expr) -> str:
    """`integer` of `env.integer`, and "" for what reads no setting."""
    is_ours = (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
        and function.attr in READERS | READERS_WITH_A_FUNCTION
    )
    return function.attr if is_ours else ""  # type: ignore[attr-defined]


def _default(kind: str, call: ast.Call) -> Any:
    given = call.args[2 if kind in READERS_WITH_A_FUNCTION else 1 :]
    if not given:
        return ""
    nodes = list(ast.walk(given[0]))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    if any(isinstance(node, ast.Call | ast.JoinedStr) for node in nodes) or not names <= _CONSTANTS.keys():
        return COMPUTED
    value = _value(given[0])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in (None, []) else str(value)


def _takes(kind: str, call: ast.Call) -> str:
    options = {keyword.arg: keyword.value for keyword in call.keywords}
    if kind in _BOUNDS:
        least, most = (
            _value(options[end]) if end in options else bound
            for end, bound in zip(("least", "most"), _BOUNDS[kind], strict=True)
        )
        span = f"{least} or more" if most is None else f"{least} to {most}"
        return span + _UNITS[kind]
    return {
        "boolean": "`true`, `false`",
        "choice": ", ".join(f"`{choice}`" for choice in _value(options["choices"])) if kind == "choice" else "",
        "key": "32 characters or more",
        "token": "32 characters or more",
        "keys": "keys, with commas between",
    }.get(kind, "")


def _value(node: ast.expr) -> Any:
    return eval(compile(ast.Expression(node), "setting", "eval"), dict(_CONSTANTS))


def defaults() -> dict[str, set[Any]]:
    """Name -> the defaults that its readers give."""
    found: dict[str, set[Any]] = {}
    for reading in readings():
        found.setdefault(reading.name, set()).add(reading.default)
    return found


def rows() -> dict[str, tuple[str, str, str]]:
    """Name -> default, takes and meaning, as the paper has them."""
    return {name: tuple(cells) for name, *cells in _ROW.findall(PAPER.read_text())}  # type: ignore[misc]


def rewritten() -> str:
    """The paper, as it has to be. A default that only a run can tell stays as its row says."""
    # settings.py is read first and has every bound; other programs read what they need of a setting again.
    first: dict[str, Reading] = {}
    for reading in readings():
        first.setdefault(reading.name, reading)

    def row(match: re.Match[str]) -> str:
        name, default, takes, meaning = match.groups()
        if reading := first.pop(name, None):
            takes = reading.takes
            if reading.default is not COMPUTED and reading.default:
                default = f"`{reading.default}`"
        return f"| `{name}` | {default} | {takes} | {meaning} |"

    paper = _ROW.sub(row, PAPER.read_text())
    return paper + "".join(f"| `{name}` | | | |\n" for name in first)


if __name__ == "__main__":
    PAPER.write_text(rewritten())
