"""The schema says what the API does; and whatever the schema allows or forbids ends in no 5xx."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from images.tests.pictures import jpeg_bytes
from tests.people import Person
from tests.rows import bearer, person
from tests.servers import Server, running

# Some 20 s are usual.
TOO_LONG = 120


def written(folder: Path) -> dict[str, Any]:
    file = folder / "schema.json"
    call_command("spectacular", "--fail-on-warn", "--validate", "--format", "openapi-json", "--file", str(file))
    schema: dict[str, Any] = json.loads(file.read_text())
    return schema


def test_the_schema_is_openapi_3_1_without_warnings(tmp_path: Path) -> None:
    schema = written(tmp_path)
    assert schema["openapi"].startswith("3.1.")
    assert {path.split("/")[3] for path in schema["paths"]} == {"albums", "auth", "images", "trash", "users"}


@pytest.mark.django_db
def test_the_schema_is_served_as_written(tmp_path: Path) -> None:
    answer = Client().get("/api/schema/", headers={**bearer(person("alice")), "Accept": "application/json"})
    assert answer.status_code == 200
    assert json.loads(answer.content) == written(tmp_path)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Not the others': what is tried here fills its lists and its counters of attempts."""
    with running(tmp_path_factory.mktemp("fuzzed")) as server:
        yield server


def test_nothing_that_fits_or_breaks_the_schema_ends_in_a_5xx(own_server: Server, tmp_path: Path) -> None:
    """Schemathesis with a fixed seed, as somebody who is logged in and has an album with an image."""
    alice = Person.sign_up(own_server, "alice")
    album = alice.album()
    image = alice.picture(album, jpeg_bytes())["id"]
    written(tmp_path)
    (tmp_path / "schemathesis.toml").write_text(f'[parameters]\nalbum = "{album}"\nimage = "{image}"\n')
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "run", "schema.json", "--url", alice.base,
            "--header", f"Authorization: Bearer {alice.token}", "--checks", "not_a_server_error",
            # Its album and image stay there: deleting has tests of its own.
            "--exclude-method", "DELETE", "--phases", "examples,coverage,fuzzing", "--max-examples", "10",
            "--seed", "20261122", "--no-shrink", "--continue-on-failure", "--suppress-health-check", "all",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TOO_LONG,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert '"status": 500' not in own_server.log.read_text()
    # Neither was lost on the way, so the requests met something.
    alice.get(f"albums/{album}/", expect=200)
    alice.get(f"images/{image}/", expect=200)
