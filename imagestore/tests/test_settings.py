"""Each setting is read in the code, and documented in .env.example and README; compose hands on all of them."""

import ast
import re
from typing import Any

import pytest
import yaml

from tests.servers import ROOT

SOURCES = ["imagestore/settings.py", "deploy/gunicorn.conf.py", "deploy/serve.py", "deploy/healthy.py"]
# Methods of imagestore.kit.env.Reader. `read` and `url` have a function before the default.
READERS = {"text", "integer", "size", "seconds", "days", "boolean", "choice", "key", "keys"}
READERS_WITH_A_FUNCTION = {"read", "url"}
# It names the file that the others are read from, so it cannot stand in there.
NAMES_THE_FILE = "ENV_FILE"
# docker-compose.yml reads them, the store does not.
OF_COMPOSE_ALONE = {"BACKUP_FOLDER", "BIND", "CLUSTER_PASSWORD", "MYSQL_PASSWORD", "TESTS_AT_START"}
# Read by boto3 itself, where STORAGE_URL has no key.
OF_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
COMPUTED = object()


def calls(source: str) -> list[ast.Call]:
    """Every call in the source that reads a variable whose name is written there."""
    tree = ast.parse((ROOT / source).read_text())
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and reads(node.func) and node.args and isinstance(node.args[0], ast.Constant)
    ]


def reads(function: ast.expr) -> bool:
    """Whether it is `env.integer` or a sibling."""
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
        and function.attr in READERS | READERS_WITH_A_FUNCTION
    )


def default_of(call: ast.Call) -> Any:
    """As text in the manner of .env; "" is none, COMPUTED one that only a run can tell."""
    assert isinstance(call.func, ast.Attribute)
    given = call.args[2 if call.func.attr in READERS_WITH_A_FUNCTION else 1 :]
    known = {"_MIB": 2**20, "_GIB": 2**30, "_TIB": 2**40}
    names = [node.id for node in ast.walk(given[0]) if isinstance(node, ast.Name)] if given else []
    computed = given and any(isinstance(node, ast.Call | ast.JoinedStr) for node in ast.walk(given[0]))
    if not given or computed or not known.keys() >= set(names):
        return COMPUTED if given else ""
    value = eval(compile(ast.Expression(given[0]), "default", "eval"), known)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in (None, []) else str(value)


def read_by_the_code() -> dict[str, set[Any]]:
    """Name -> the defaults that its readers give."""
    settings: dict[str, set[Any]] = {}
    for source in SOURCES:
        for call in calls(source):
            settings.setdefault(call.args[0].value, set()).add(default_of(call))  # type: ignore[attr-defined]
    return settings


def in_the_example() -> list[tuple[str, str]]:
    return re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)


def in_the_readme() -> list[tuple[str, str]]:
    """The names and defaults of the table; a row may hold several of both."""
    section = (ROOT / "README.md").read_text().split("## Configuration")[1].split("\n## ")[0]
    found = []
    for names, defaults in re.findall(r"^\| (`[A-Z_`, ]+`) \| (.*?) ?\|", section, re.MULTILINE):
        keys = re.findall("[A-Z_]+", names)
        values = defaults.split(", ") if len(keys) > 1 else [defaults]
        values = [value.strip("`") for value in values] if len(values) == len(keys) else [defaults] * len(keys)
        found += list(zip(keys, values, strict=True))
    return found


SETTINGS = read_by_the_code()
LITERAL = {name: next(iter(defaults - {COMPUTED, ""}), None) for name, defaults in SETTINGS.items()}


def test_the_source_is_understood() -> None:
    """One of each kind of reader and of default."""
    expected = {
        "MAX_UPLOAD_BYTES": "104857600",
        "CHILD_MEMORY_BYTES": "3221225472",
        "MAX_PIXELS": "220000000",
        "TRASH_DAYS": "30",
        "DEBUG": "false",
        "LOG_LEVEL": "INFO",
        "THREADS": "32",
        "EMAIL_URL": "consolemail://",
        "SECRET_KEY": None,
        "USER_QUOTA_BYTES": "10737418240",
        "DATA_DIR": None,
    }
    assert {name: LITERAL[name] for name in expected} == expected


def test_readers_of_one_setting_have_the_same_default() -> None:
    assert {name: found for name, found in SETTINGS.items() if len(found - {COMPUTED, ""}) > 1} == {}


@pytest.mark.parametrize("documented", [in_the_example, in_the_readme])
def test_every_setting_is_documented_and_no_other(documented: Any) -> None:
    names = {name for name, _ in documented()}
    assert names - OF_COMPOSE_ALONE == SETTINGS.keys() - {NAMES_THE_FILE}


@pytest.mark.parametrize("documented", [in_the_example, in_the_readme])
def test_documented_defaults_are_those_of_the_code(documented: Any) -> None:
    wrong = [
        f"{name}: {value!r}, but {LITERAL[name]!r} in the code"
        for name, value in documented()
        if LITERAL.get(name) not in (None, value)
    ]
    assert wrong == []


def test_compose_hands_on_every_setting() -> None:
    """Each name stands in the list, without a value but for what compose must decide itself."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    app, nginx = services["app"], services["nginx"]
    assert app["environment"].keys() == (SETTINGS.keys() | OF_BOTO3) - {NAMES_THE_FILE}
    decided = {name for name, value in app["environment"].items() if value is not None}
    proxied = {"FORWARDED_ALLOW_IPS", "NUM_PROXIES"}
    assert decided == {"DATABASE_URL", "DATA_DIR", "HOST", "PORT", "REDIS_URL"} | proxied
    assert app["environment"]["PORT"] == nginx["environment"]["PORT"] == f"${{PORT:-{LITERAL['PORT']}}}"
    assert "ports" not in app
    assert nginx["ports"] == [f"${{BIND:-127.0.0.1}}:${{PORT:-{LITERAL['PORT']}}}:8080"]


def test_image_and_compose_put_the_store_in_the_same_place() -> None:
    image = dict(
        re.findall(r"^(?:ENV| ) .*?\b(DATA_DIR|HOST|PORT)=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    )
    app = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["app"]
    assert image == {
        "DATA_DIR": app["environment"]["DATA_DIR"],
        "HOST": app["environment"]["HOST"],
        "PORT": LITERAL["PORT"],
    }
