"""Query parameters and flags are read strictly."""

import base64
import json
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes
from imagestore.kit.params import SEARCH_LENGTH
from tests.bad_input.samples import (
    GOOD,
    HASH,
    assert_problem,
)
from tests.people import UNUSED_ID, Person


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD_PARAMETERS = {
    "page_size": ["0", "-1", "201", "1000000000", "1e2", "NaN", "x", "", " 5", "٣", "5.0", "\0"],
    "cursor": [
        "x", "====", "%", "\0", "é", "A" * 3000, cursor([]), cursor({}), cursor(None), cursor([0]),
        cursor("x" * 50),
        cursor([0, "-created_at", "x", 1]), cursor([0, "-created_at", None, 1]), cursor([0, "-created_at", 17, 1]),
        cursor([0, "-created_at", "2020-01-01T00:00:00", 1]), cursor([2, "-created_at", "2020-01-01T00:00:00Z", 1]),
        *(cursor([0, "-created_at", "2020-01-01T00:00:00Z", pk]) for pk in (10**30, -1, "1", True, None, [1])),
        cursor([0, "created_at", "2020-01-01T00:00:00Z", 1]), cursor([0, "-created_at", "9999-99-99T00:00:00Z", 1]),
        cursor([0, "-created_at", ["x"], 1]), cursor([[0], "-created_at", "2020-01-01T00:00:00Z", 1]),
    ],
    "ordering": ["", "-", "--created_at", "owner", "owner__password", "password", "pk", "a,b", "?", "\0"],
    "search": ["\0", "x" * 201],
}  # fmt: skip
NO_IDS = [
    "",
    "x",
    "\0",
    "0" * 32,
    "{" + "0" * 34 + "}",
    "g" * 8 + UNUSED_ID[8:],
    UNUSED_ID + "0",
    "٣" + UNUSED_ID[1:],
    "9" * 3000,
]
NO_DAYS = [
    "",
    "x",
    "2026",
    "2026-7-1",
    "2026-02-30",
    "0000-01-01",
    "20260701",
    "2026-07-01T00:00:00",
    "٢٠٢٦-٠٧-٠١",
    "\0",
    "9" * 3000,
]
BAD_FILTERS = {
    "album": NO_IDS, "around": NO_IDS, "favourite": ["perhaps", "2", "yes", "TRUE", "\0", "x" * 3000],
    "taken_after": NO_DAYS, "taken_before": NO_DAYS, "status": ["doomed", "receiving", "READY", "x", "\0"],
}  # fmt: skip


@pytest.mark.parametrize("parameter", BAD_PARAMETERS)
def test_a_lists_parameters_are_read_strictly(alice: Person, album: str, parameter: str) -> None:
    for path in ("albums/", f"albums/{album}/images/", "images/"):
        for value in BAD_PARAMETERS[parameter]:
            answer = alice.get(path, params={parameter: value})
            assert answer.status_code == 400, (path, parameter, value, answer.text[:200])
            assert list(assert_problem(answer, 400, "invalid")["errors"]) == [parameter]


@pytest.mark.parametrize("parameter", BAD_FILTERS)
def test_filters_of_all_images_are_read_strictly(alice: Person, parameter: str) -> None:
    for value in BAD_FILTERS[parameter]:
        for path in ("images/", "images/months/") if parameter != "around" else ("images/",):
            answer = alice.get(path, params={parameter: value})
            assert list(assert_problem(answer, 400, "invalid")["errors"]) == [parameter], (path, value)


def test_a_selection_of_an_archive_is_read_strictly(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    for value in [*NO_IDS, ",", f"{image},", f",{image}", f"{image};{image}", f"{image},x", f" {image}"]:
        answer = alice.get(f"albums/{album}/archive/", params={"images": value})
        assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["images"], value
    for size in ("", "huge", "Original", "../original", "thumb\0"):
        answer = alice.get(f"albums/{album}/archive/", params={"size": size})
        assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["size"], size
    # As many as an address can hold; more are told that it is too long.
    many = ",".join([image] * 200)
    assert (
        alice.get(f"albums/{album}/archive/?images={many}", expect=200).headers["Content-Type"] == "application/zip"
    )
    assert_problem(alice.get(f"albums/{album}/archive/?images={many},{many}"), 414, "uri_too_long")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_days_far_away_do_no_harm(alice: Person, album: str, day: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    for parameter, found in (("taken_after", day < "9999"), ("taken_before", day > "9999")):
        listed = alice.get("images/", params={parameter: day, "album": album}, expect=200).json()["results"]
        assert [each["id"] for each in listed] == [image] * found


def test_a_page_is_asked_for_by_a_row_or_by_a_cursor(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    answer = alice.get(f"albums/{album}/images/", params={"around": image, "cursor": "x"})
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["around"]


@pytest.mark.parametrize("value", ["doomed", "receiving", "READY", "x", "\0"])
def test_images_are_filtered_by_states_that_show(alice: Person, album: str, value: str) -> None:
    answer = alice.get(f"albums/{album}/images/", params={"status": value})
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["status"]


def test_a_cursor_of_another_list_is_refused_or_harmless(alice: Person) -> None:
    for number in range(2):
        alice.album(f"Album {number}")
    page = alice.get("albums/?page_size=1&ordering=title", expect=200).json()
    taken = page["next"].split("cursor=")[1].split("&")[0]
    for ordering in ("-title", "created_at"):
        assert_problem(alice.get(f"albums/?cursor={taken}&ordering={ordering}"), 400, "invalid")


@pytest.mark.parametrize("offset", ["-1", "NaN", str(10**18), "x"])
def test_there_is_no_offset_to_abuse(alice: Person, offset: str) -> None:
    alice.album()
    first = alice.get("albums/", expect=200).json()["results"]
    assert alice.get(f"albums/?offset={offset}&page=7", expect=200).json()["results"] == first


def test_flags_say_true_or_false(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    for path in (
        f"albums/{album}/?permanent=maybe",
        f"images/{image}/?permanent=2",
        f"albums/{album}/images/?all=yes",
    ):
        assert_problem(alice.delete(path), 400, "invalid")
    for path in (f"albums/{album}/images/", f"albums/{album}/images/?all=false", f"albums/{album}/images/?all="):
        assert list(assert_problem(alice.delete(path), 400, "invalid")["errors"]) == ["all"]
    for query in ("size=huge", "size=", "download=maybe", "size=../../original", "size=thumb%00"):
        assert_problem(alice.get(f"images/{image}/file/?{query}"), 400, "invalid")
    assert [found["id"] for found in alice.images(album)] == [image]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sha256": "x"},
        {"sha256": ["x"]},
        {"sha256": [HASH + "0"]},
        {"sha256": [None]},
        {"sha256": [HASH] * 1001},
    ],
)
def test_exists_takes_up_to_1000_hashes(alice: Person, album: str, body: Any) -> None:
    for path in (f"albums/{album}/images/exists/", "images/exists/"):
        assert_problem(alice.post(path, json=body), 400, "invalid")


@pytest.mark.parametrize(
    "ids", [None, "x", {}, [], [[]], [None], [5], ["x"], [HASH], ["\x00"], [f"{{{UNUSED_ID}}}x"], ["x" * 65_000]]
)
def test_ids_are_ids(alice: Person, album: str, ids: Any) -> None:
    for path, body in ((f"albums/{album}/order/", {}), ("images/batch/", {"action": "trash"})):
        assert_problem(alice.post(path, json={**body, "ids": ids}), 400, "invalid")


def test_the_longest_link_to_a_next_page_is_taken(alice: Person, album: str) -> None:
    """Names and searches of the longest emoji are the longest of all."""
    emoji = "\U0001f30a"
    for number in range(2):
        image = alice.upload(album, jpeg_bytes(400 + number, 300)).json()["id"]
        changes = {"name": emoji * 200 + f"{number}" + emoji * 54, "caption": emoji * 200}
        alice.call("PATCH", f"images/{image}/", json=changes, expect=200)
    query = {"page_size": 1, "ordering": "name", "search": emoji * SEARCH_LENGTH, "status": ""}
    page = alice.get(f"albums/{album}/images/", params=query, expect=200).json()
    following = alice.get(page["next"], expect=200).json()
    assert [image["name"][200] for image in page["results"] + following["results"]] == ["0", "1"]
    assert len(page["next"].split("cursor=")[1].split("&")[0]) < 1600
