"""The code reads each setting, .env.example and docs/configuration.md have it, and compose hands it on."""

import re
from typing import Any

import pytest
import yaml

from tests import configuration_paper
from tests.configuration_paper import COMPUTED, OF_COMPOSE_ALONE
from tests.servers import ROOT

# Read by boto3 itself, where STORAGE_URL has no key.
OF_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def in_the_example() -> list[tuple[str, str]]:
    return re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)


def in_the_paper() -> list[tuple[str, str]]:
    return [(name, default.strip("`")) for name, (default, _, _) in configuration_paper.rows().items()]


def in_the_readme() -> list[tuple[str, str]]:
    section = (ROOT / "README.md").read_text().split("## Configuration")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\|", section, re.MULTILINE)
    return [(name, default.strip("`")) for name, default in rows]


SETTINGS = configuration_paper.defaults()
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


@pytest.mark.parametrize("documented", [in_the_example, in_the_paper])
def test_every_setting_is_documented_and_no_other(documented: Any) -> None:
    names = {name for name, _ in documented()}
    assert names - OF_COMPOSE_ALONE == SETTINGS.keys()


def test_the_paper_says_what_the_code_takes_and_what_it_means() -> None:
    assert configuration_paper.PAPER.read_text() == configuration_paper.rewritten(), "run `make configuration`"
    assert [name for name, (_, _, meaning) in configuration_paper.rows().items() if not meaning] == []


def test_the_readme_names_only_settings_that_are_there() -> None:
    names = {name for name, _ in in_the_readme()}
    assert len(names) > 8
    assert names <= SETTINGS.keys() | OF_COMPOSE_ALONE


@pytest.mark.parametrize("documented", [in_the_example, in_the_paper, in_the_readme])
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
    assert app["environment"].keys() == SETTINGS.keys() | OF_BOTO3
    decided = {name for name, value in app["environment"].items() if value is not None}
    proxied = {"FORWARDED_ALLOW_IPS", "NUM_PROXIES"}
    assert decided == {"DATABASE_URL", "DATA_DIR", "HOST", "PORT", "REDIS_URL"} | proxied
    assert app["environment"]["PORT"] == nginx["environment"]["PORT"] == f"${{PORT:-{LITERAL['PORT']}}}"
    assert "ports" not in app
    assert nginx["ports"] == [f"${{BIND:-127.0.0.1}}:${{PORT:-{LITERAL['PORT']}}}:8080"]


def test_in_compose_only_the_store_reaches_s3() -> None:
    """Its gRPC lets everybody make a key."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    reach = {name for name, service in services.items() if "s3" in service.get("networks", [])}
    assert reach == {"s3", "app", "worker", "backup"}
    assert services["s3"]["networks"] == ["s3"]
    assert "ports" not in services["s3"]


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
