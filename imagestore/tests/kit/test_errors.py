"""The page of every refusal."""

import re
import sqlite3
from typing import Any

import pytest
from django.db import OperationalError

from imagestore.kit.errors import answer, as_problem, csrf_failure
from imagestore.kit.hosts import LOCAL_NAMES
from imagestore.kit.problems import CODES, Problem


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_a_problem_names_its_own_status_and_its_sentence(code: str, rf: Any) -> None:
    page = answer(rf.get("/albums/"), Problem(code, "A sentence that says what to do."))
    text = page.content.decode()
    [shown] = re.findall(r'error__code">\s*(\d+)', text)
    assert (page.status_code, int(shown)) == (CODES[code][0], CODES[code][0])
    # What is not there and what broke have words of their own.
    assert ("A sentence that says what to do." in text) == (page.status_code not in (404, 500))


def test_only_a_form_that_was_open_for_too_long_is_told_to_reload(rf: Any) -> None:
    assert "Reload the page" in csrf_failure(rf.post("/albums/")).content.decode()


def test_a_host_that_is_not_allowed_is_told_the_setting_and_its_value(client: Any, settings: Any) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = f"http://localhost:{settings.PORT}", LOCAL_NAMES
    page = client.get("/", headers={"Host": "192.168.1.20:9999"})
    assert page.status_code == 400
    text = page.content.decode()
    assert "until its operator sets SITE_URL=http://192.168.1.20:9999." in text
    assert "does not answer to this name" in text
    # A button would lead to this page again.
    assert 'class="button' not in text


def test_where_allowed_hosts_is_in_use_it_is_the_setting_to_change(client: Any, settings: Any) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = f"http://localhost:{settings.PORT}", ["localhost", "nas"]
    page = client.get("/", headers={"Host": "192.168.1.20:9999"})
    assert "until its operator adds 192.168.1.20 to ALLOWED_HOSTS." in page.content.decode()


def test_a_store_with_a_name_tells_strangers_only_the_host_that_they_asked(client: Any, settings: Any) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "http://pictures.example.org", ["pictures.example.org"]
    page = client.get("/api/v1/albums/", headers={"Host": "nas.local"})
    assert page.status_code == 400
    assert page.json()["detail"] == (
        "This store does not answer to nas.local until its operator adds nas.local to ALLOWED_HOSTS."
    )


@pytest.mark.parametrize("host", ["<b>", "a b", "x" * 260])
def test_a_host_that_can_be_none_is_not_repeated(host: str, client: Any) -> None:
    page = client.get("/", headers={"Host": host})
    assert page.status_code == 400
    assert "names no host that could be one" in page.content.decode()


def full_sqlite() -> OperationalError:
    cause = sqlite3.OperationalError("database or disk is full")
    cause.sqlite_errorcode = 13  # SQLITE_FULL
    error = OperationalError(*cause.args)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [full_sqlite(), OperationalError(1021, "Disk full (/tmp)")])
def test_a_full_disk_of_the_database_is_called_one(error: OperationalError, caplog: Any) -> None:
    problem = as_problem(error)
    assert problem
    assert (problem.code, problem.status) == ("storage_unavailable", 503)
    assert problem.detail.startswith("The disk of the store is full.")
    assert "the disk of the database is full" in caplog.text
