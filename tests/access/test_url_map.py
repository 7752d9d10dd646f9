"""The whole URL map stands in the table, and only a short list of it answers without a login."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.access.endpoints import API, AUTH, ENDPOINTS, PUBLIC, Route, routes, signed_in
from tests.rows import World, bearer, person

pytestmark = pytest.mark.django_db


def test_every_route_has_a_row_in_the_table() -> None:
    assert {name for name, _ in routes() if not name.startswith("admin:")} == {
        endpoint.route for endpoint in ENDPOINTS
    }


def test_no_two_routes_share_a_name() -> None:
    names = [name for name, _ in routes() if name != "admin:None"]
    assert sorted(names) == sorted(set(names))


def test_every_method_of_the_api_has_a_row_in_the_table(world: World) -> None:
    """What OPTIONS says to the owner is what the table knows."""
    known: dict[str, set[str]] = {}
    for endpoint in [*AUTH, *API]:
        known.setdefault(endpoint.route, {"OPTIONS"}).add(endpoint.method)
        if endpoint.method == "GET":
            known[endpoint.route].add("HEAD")
    allowed = {}
    for endpoint in [*AUTH, *API]:
        path = endpoint.of(world).split("?")[0]
        answer = Client().options(path, headers=bearer(world.alice))
        allowed[endpoint.route] = set(answer.headers["Allow"].split(", "))
    assert allowed == known


def test_only_the_routes_of_a_short_list_answer_without_a_login(world: World) -> None:
    given = {
        **dict.fromkeys(("album", "album_id"), str(world.album.public_id)),
        **dict.fromkeys(("image", "image_id"), str(world.image.public_id)),
        **dict.fromkeys(("thing", "item_id"), str(world.trashed.public_id)),
        "upload": str(world.upload.public_id), "file": "original.jpg",
        "uidb36": "1", "key": "x", "content_type_id": "1", "object_id": "1", "id": "1", "url": "x",
        "app_label": "albums", "language": "de", "version": "x",
    }  # fmt: skip
    public = set()
    for route in routes():
        path = path_of(route, given)
        answers = [Client().generic(method, path) for method in ("GET", "POST")]
        if not all(refuses_anonymous(answer) for answer in answers):
            public.add(route.name)
    assert public == PUBLIC


def path_of(route: Route, given: dict[str, str]) -> str:
    if route.name == "admin:None":  # the catch-all, and the old addresses of the change pages
        return "/admin/anything/at/all/"
    return reverse(route.name, kwargs={parameter: given[parameter] for parameter in route.parameters})


def refuses_anonymous(answer: Any) -> bool:
    to_login = answer.status_code == 302 and answer.headers["Location"].split("?")[0] in (
        "/admin/login/",
        "/accounts/login/",
    )
    return to_login or answer.status_code == 401


def test_the_admin_is_for_staff(world: World) -> None:
    paths = [reverse(name) for name, _ in routes() if name.startswith("admin:") and name.endswith("_changelist")]
    paths += ["/admin/", *(path.rstrip("/") + "/1/change/" for path in paths)]
    assert len(paths) >= 9
    assert [path for path in paths if not refuses_anonymous(Client().get(path))] == []
    assert [path for path in paths if not refuses_anonymous(signed_in(world.alice).get(path))] == []
    staff = signed_in(person("root", is_staff=True, is_superuser=True))
    assert [staff.get(path).status_code for path in paths if not path.endswith("/change/")] == [200] * (
        len(paths) // 2 + 1
    )
