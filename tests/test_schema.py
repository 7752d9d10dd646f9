"""The schema says what the API does, and linters find nothing in it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from images.tests.pictures import jpeg_bytes
from tests.openapi import resolved
from tests.people import Person
from tests.rows import bearer, person
from tests.servers import ROOT, Server, running
from tests.tus import begin_upload

# For one run of Schemathesis; some 20 s are usual.
TOO_LONG_SECONDS = 200


@pytest.fixture(scope="module")
def schema(schema_file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(schema_file.read_text())
    return read


def run(command: list[str], folder: Path | None = None) -> None:
    env = {**os.environ, "SCHEMATHESIS_HOOKS": str(ROOT / "tests/schemathesis_media.py")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=TOO_LONG_SECONDS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each as `POST /api/v1/albums/`, with its description."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


# ---- Linters --------------------------------------------------------------------------------


def test_the_schema_is_openapi_3_1_without_warnings(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1.")
    assert {path.split("/")[3] for path in schema["paths"]} == {
        "albums",
        "auth",
        "images",
        "trash",
        "uploads",
        "users",
    }


@pytest.mark.django_db
def test_the_schema_is_served_as_written(schema: dict[str, Any]) -> None:
    answer = Client().get("/api/schema/", headers={**bearer(person("alice")), "Accept": "application/json"})
    assert answer.status_code == 200
    assert json.loads(answer.content) == schema


@pytest.mark.slow
def test_spectral_and_the_validator_of_openapi_find_nothing(schema_file: Path) -> None:
    run([sys.executable, "-m", "openapi_spec_validator", str(schema_file)])
    spectral = ROOT / "node_modules/.bin/spectral"
    rules = ROOT / "tests/spectral.yaml"
    run([str(spectral), "lint", str(schema_file), "--ruleset", str(rules), "--fail-severity", "hint"])


# ---- What it says ---------------------------------------------------------------------------


def test_each_operation_has_a_summary_of_its_own_and_one_tag(schema: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in schema["tags"]}
    for name, operation in operations(schema):
        assert len(operation["tags"]) == 1, name
        assert operation["tags"][0] in tags, name
        assert operation["summary"], name
        assert operation["description"], name
    # A route below its album is the same operation as the short one.
    summaries = [each["summary"] for name, each in operations(schema) if "{album}/images/{image}" not in name]
    assert sorted(set(summaries)) == sorted(summaries)


def test_each_refusal_is_a_problem_with_an_example_of_each_code(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"500", "503"} <= refusals.keys(), name
        for status, reference in refusals.items():
            answer = resolved(schema, reference)
            media = answer["content"]["application/problem+json"]
            assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
            examples = [resolved(schema, each)["value"] for each in media["examples"].values()]
            assert [(each["code"], str(each["status"])) for each in examples] == [
                (code, status) for code in media["examples"]
            ], name


def test_an_uploads_file_is_bytes_in_requests(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    binary = {"type": "string", "format": "binary"}
    assert schemas["UploadRequest"]["properties"]["file"] == binary
    assert schemas["BulkRequest"]["properties"]["files"]["items"] == binary


def test_a_row_shows_all_its_fields(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    for name in ("Album", "Image", "User"):
        assert set(schemas[name]["required"]) == schemas[name]["properties"].keys()


# ---- Schemathesis ---------------------------------------------------------------------------


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Not the others': what is tried here fills its lists and its counters of attempts."""
    with running(tmp_path_factory.mktemp("fuzzed")) as server:
        yield server


class Fuzzer:
    """All checks of Schemathesis with a fixed seed, about these rows."""

    def __init__(self, schema_file: Path, folder: Path, ids: dict[str, str]) -> None:
        self.schema_file, self.folder = schema_file, folder
        rows = "".join(f'{name} = "{value}"\n' for name, value in ids.items())
        (folder / "schemathesis.toml").write_text((ROOT / "tests/schemathesis.toml").read_text() + rows)

    def run(self, base: str, token: str, phases: str, *more: str) -> None:
        login = ["--header", f"Authorization: Bearer {token}"] if token else []
        run(
            [
                str(Path(sys.executable).with_name("st")), "run", str(self.schema_file), "--url", base, *login,
                "--checks", "all", "--phases", phases, "--seed", "20261122", "--no-shrink",
                "--continue-on-failure", "--suppress-health-check", "all", "--no-color", *more,
            ],
            self.folder,
        )  # fmt: skip


def test_schemathesis_finds_nothing_as_owner_stranger_and_nobody(
    own_server: Server, schema_file: Path, tmp_path: Path
) -> None:
    alice, bob = Person.sign_up(own_server, "alice"), Person.sign_up(own_server, "bob")
    album, trashed = alice.album(), alice.album("Winter")
    image = alice.picture(album, jpeg_bytes())["id"]
    alice.delete(f"albums/{trashed}/", expect=204)
    upload = begin_upload(alice, album, 2**20)
    fuzzer = Fuzzer(schema_file, tmp_path, {"album": album, "image": image, "thing": trashed, "upload": upload})
    fuzzer.run(alice.base, "", "fuzzing", "--max-examples", "3")
    fuzzer.run(alice.base, bob.token, "fuzzing", "--max-examples", "3")
    fuzzer.run(alice.base, alice.token, "coverage,fuzzing", "--max-examples", "5", "--exclude-method", "DELETE")
    # None of it was lost on the way, so the requests met something.
    alice.get(f"albums/{album}/", expect=200)
    alice.get(f"images/{image}/", expect=200)
    fuzzer.run(alice.base, alice.token, "fuzzing", "--max-examples", "3", "--include-method", "DELETE")
    assert '"status": 500' not in own_server.log.read_text()
