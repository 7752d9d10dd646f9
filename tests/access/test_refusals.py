"""The form of every refusal, and the headers of every answer."""

from uuid import UUID

import pytest
from django.test import Client

from tests.access.endpoints import API, AUTH, PAGES, assert_problem, signed_in
from tests.rows import World, bearer

pytestmark = pytest.mark.django_db


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"]


@pytest.mark.parametrize("route", sorted({endpoint.route for endpoint in [*AUTH, *API]}))
def test_a_wrong_method_is_405_and_says_which_are_right(route: str, world: World) -> None:
    endpoint = next(endpoint for endpoint in [*AUTH, *API] if endpoint.route == route)
    path = endpoint.path(world.album.public_id, world.image.public_id).split("?")[0]
    right = {d.method for d in [*AUTH, *API] if d.route == route}
    right |= {"HEAD"} if "GET" in right else set()
    for method in set(METHODS) - right:
        answer = Client().generic(method, path, headers=bearer(world.alice))
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == right | {"OPTIONS"}
        if method != "HEAD":
            assert_problem(answer)


PAGE_ROUTES = sorted(
    {
        endpoint.route
        for endpoint in PAGES
        if endpoint.route.split("-")[0] in ("album", "image", "profile", "signed")
    }
)


@pytest.mark.parametrize("route", PAGE_ROUTES)
def test_a_wrong_method_at_a_page_is_405(route: str, world: World) -> None:
    endpoint = next(endpoint for endpoint in PAGES if endpoint.route == route)
    right = {d.method for d in PAGES if d.route == route}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - right:
        assert signed_in(world.alice).generic(method, endpoint.of(world).split("?")[0]).status_code == 405, method


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/albums/", "/api/v1/nothing/", "/api/v1/albums/17/",
                                  "/api/v1/images/not-a-uuid/", "/api/v1/albums/%00/",
                                  "/api/v1//albums/"])  # fmt: skip
def test_an_unknown_path_of_the_api_is_a_404_problem(path: str, world: World) -> None:
    for headers in ({}, bearer(world.alice)):
        for method in ("GET", "POST", "DELETE"):
            answer = Client().generic(method, path, headers=headers)
            assert answer.status_code == 404
            assert_problem(answer)


def test_an_unknown_page_is_a_404_in_plain_words(world: World) -> None:
    for client in (Client(), signed_in(world.alice)):
        answer = client.get("/nothing/here/")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/albums/", "/nothing/", "/api/v1/albums/", "/api/v1/nothing/",
                                  "/accounts/login/",
                                  "/media/01890000-0000-7000-8000-000000000000/original.jpg"])  # fmt: skip
def test_every_answer_bears_the_headers_that_keep_browsers_careful(path: str, db: None) -> None:
    answer = Client().get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")
    assert UUID(answer.headers["X-Request-ID"])
