"""Who may come in by which door: one table, checked against the whole URL map.

This is what the gateway of the old system was for: no request passes without a login unless its
route stands on the short list PUBLIC.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import User
from albums.models import Album
from images.delivery.links import links_of
from images.models import Image
from tests.people import NOBODYS_ID
from tests.store import World, album_of, bearer, image_in, person

pytestmark = pytest.mark.django_db

# The routes that answer without a login, and why they must.
PUBLIC = {
    # To come in for the first time, or again.
    "landing", "account_login", "account_signup", "account_logout",
    "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done",
    "account_email_verification_sent", "account_confirm_email",
    "api-register", "api-login", "api-refresh", "api-verify", "api-logout",
    # The link's signature is the permission.
    "signed-file",
    # Whether the server is up.
    "healthz-live", "healthz-ready",
}  # fmt: skip

LOGIN = 302
"""What a page answers to nobody: the way to the login."""


class Route(NamedTuple):
    """A route's full name, and the names of what stands in its path."""

    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Door:
    """A route and a method, and the status that alice, who owns it, bob and nobody get there."""

    route: str
    method: str
    owner: int
    stranger: int
    nobody: int
    body: dict[str, Any] | None = None
    query: str = ""
    ids: str = "image"
    """Which image stands in the path: `image`, `failed` or `trashed`."""
    args: dict[str, str] = field(default_factory=dict)

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api-") or self.route in ("schema", "docs")

    def __str__(self) -> str:
        return f"{self.method} {self.route}{self.query}" + (f" ({self.ids})" if self.ids != "image" else "")

    def path(self, album: object, image: object) -> str:
        given = {"album": str(album), "image": str(image), "thing": str(image), **self.args}
        wanted = {name: given[name] for name in parameters(self.route)}
        return reverse(self.route, kwargs=wanted) + self.query

    def of(self, world: World) -> str:
        return self.path(world.album.public_id, getattr(world, self.ids).public_id)

    def knock(self, client: Client, path: str, **headers: str) -> Any:
        if self.is_api:
            return client.generic(
                self.method, path, as_json(self.body), content_type="application/json", headers=headers
            )
        if self.method == "POST":
            return client.post(path, self.body or {}, headers=headers)
        return client.generic(self.method, path, headers=headers)


def as_json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


SIZES = ("thumb", "small", "medium", "large")
TITLE = {"title": "Winter"}
RESET = {"uidb36": "1", "key": "1-1"}

PAGES = [
    Door("landing", "GET", 302, 302, 200),
    Door("profile", "GET", 200, 200, LOGIN),
    Door("profile", "POST", 302, 302, LOGIN, {"name": "A"}),
    Door("profile-delete", "GET", 200, 200, LOGIN),
    Door("profile-delete", "POST", 200, 200, LOGIN, {"password": "wrong"}),
    Door("account_login", "GET", 302, 302, 200),
    Door("account_signup", "GET", 302, 302, 200),
    Door("account_logout", "GET", 200, 200, 302),
    Door("account_change_password", "GET", 200, 200, LOGIN),
    Door("account_reset_password", "GET", 200, 200, 200),
    Door("account_reset_password_done", "GET", 200, 200, 200),
    Door("account_reset_password_from_key", "GET", 200, 200, 200, args=RESET),
    Door("account_reset_password_from_key_done", "GET", 200, 200, 200),
    Door("account_email_verification_sent", "GET", 200, 200, 200),
    Door("account_confirm_email", "GET", 200, 200, 200, args={"key": "forged"}),
    Door("album-list", "GET", 200, 200, LOGIN),
    Door("album-create", "GET", 200, 200, LOGIN),
    Door("album-create", "POST", 302, 302, LOGIN, TITLE),
    Door("album-detail", "GET", 200, 404, LOGIN),
    Door("album-edit", "GET", 200, 404, LOGIN),
    Door("album-edit", "POST", 302, 404, LOGIN, TITLE),
    Door("album-tiles", "GET", 200, 404, LOGIN),
    Door("image-upload", "POST", 302, 404, LOGIN),
    Door("image-detail", "GET", 200, 404, LOGIN),
    Door("image-edit", "GET", 200, 404, LOGIN),
    Door("image-edit", "POST", 302, 404, LOGIN, {"name": "b.jpg"}),
    Door("image-file", "GET", 200, 404, LOGIN),
    Door("image-file", "HEAD", 200, 404, LOGIN),
    Door("image-file", "GET", 200, 404, LOGIN, query="?download=1"),
    *(Door("image-file", "GET", 200, 404, LOGIN, query=f"?size={size}") for size in SIZES),
    Door("image-retry", "POST", 302, 404, LOGIN, ids="failed"),
    Door("image-delete", "GET", 200, 404, LOGIN),
    Door("image-delete", "POST", 302, 404, LOGIN),
    Door("album-delete", "GET", 200, 404, LOGIN),
    Door("album-delete", "POST", 302, 404, LOGIN),
    Door("trash", "GET", 200, 200, LOGIN),
    Door("trash-restore", "POST", 302, 404, LOGIN, ids="trashed"),
    Door("trash-delete", "GET", 404, 404, LOGIN),
    Door("trash-delete", "GET", 200, 404, LOGIN, ids="trashed"),
    Door("trash-delete", "POST", 302, 404, LOGIN, ids="trashed"),
    Door("trash-empty", "GET", 200, 200, LOGIN),
    Door("trash-empty", "POST", 302, 302, LOGIN),
    *(Door(route, "GET", 404, 404, LOGIN, ids="trashed") for route in ("image-detail", "image-edit", "image-file")),
    Door("signed-file", "GET", 404, 404, 404, args={"file": "original.jpg"}),
    Door("healthz-live", "GET", 200, 200, 200),
    Door("healthz-ready", "GET", 200, 200, 200),
]  # fmt: skip

AUTH = [
    Door("api-register", "POST", 400, 400, 400, {}),
    Door("api-login", "POST", 400, 400, 400, {}),
    Door("api-refresh", "POST", 401, 401, 401, {"refresh": "forged"}),
    Door("api-verify", "POST", 401, 401, 401, {"token": "forged"}),
    Door("api-logout", "POST", 401, 401, 401, {"refresh": "forged"}),
    Door("schema", "GET", 200, 200, 401),
    Door("docs", "GET", 200, 200, 401),
]


def image_doors(prefix: str) -> list[Door]:
    return [
        Door(prefix, "GET", 200, 404, 401),
        Door(prefix, "PATCH", 200, 404, 401, {"caption": "New"}),
        Door(f"{prefix}-file", "GET", 200, 404, 401),
        Door(f"{prefix}-file", "HEAD", 200, 404, 401),
        *(Door(f"{prefix}-file", "GET", 200, 404, 401, query=f"?size={s}") for s in SIZES),
        Door(f"{prefix}-retry", "POST", 202, 404, 401, ids="failed"),
        Door(prefix, "DELETE", 204, 404, 401),
    ]


API = [
    Door("api-me", "GET", 200, 200, 401),
    Door("api-me", "PATCH", 200, 200, 401, {"name": "A"}),
    Door("api-me-delete", "POST", 400, 400, 401, {"password": "wrong"}),
    Door("api-albums", "GET", 200, 200, 401),
    Door("api-albums", "POST", 201, 201, 401, TITLE),
    Door("api-album", "GET", 200, 404, 401),
    Door("api-album", "PATCH", 200, 404, 401, TITLE),
    Door("api-images", "GET", 200, 404, 401),
    # The owner is let in, and told that JSON is no upload.
    Door("api-images", "POST", 415, 404, 401, {}),
    Door("api-images-bulk", "POST", 415, 404, 401, {}),
    Door("api-images-exists", "POST", 200, 404, 401, {"sha256": ["0" * 64]}),
    *image_doors("api-image"),
    *image_doors("api-album-image"),
    Door("api-image", "GET", 404, 404, 401, ids="trashed"),
    Door("api-image-file", "GET", 404, 404, 401, ids="trashed"),
    Door("api-trash", "GET", 200, 200, 401),
    Door("api-restore", "POST", 200, 404, 401, ids="trashed"),
    Door("api-restore", "POST", 404, 404, 401),
    Door("api-trashed", "DELETE", 204, 404, 401, ids="trashed"),
    Door("api-trashed", "DELETE", 404, 404, 401),
    Door("api-trash", "DELETE", 204, 204, 401),
    Door("api-images", "DELETE", 204, 404, 401, query="?all=true"),
    Door("api-album", "DELETE", 204, 404, 401),
]

DOORS = [*PAGES, *AUTH, *API]
WITH_IDS = [door for door in DOORS if door.stranger == 404 and door.route != "signed-file"]


@pytest.fixture
def world(db: None) -> World:
    return World()


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def visit(door: Door, path: str, user: User | None, *, by_session: bool = False) -> Any:
    """As this user: the pages by session, the API by token."""
    if user is None:
        return checked(door, door.knock(Client(raise_request_exception=False), path))
    if door.is_api and not by_session:
        return checked(door, door.knock(Client(raise_request_exception=False), path, **bearer(user)))
    return checked(door, door.knock(signed_in(user), path))


def checked(door: Door, answer: Any) -> Any:
    """Whatever a door answers has the form of its kind."""
    spent(answer)
    if door.is_api and answer.status_code >= 400 and door.method != "HEAD":
        assert_problem(answer)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    if not door.is_api and answer.status_code == 404:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


def spent(answer: Any) -> Any:
    """With its file read to the end, and so closed."""
    if answer.streaming:
        answer.streamed = b"".join(answer.streaming_content)
    return answer


def assert_problem(answer: Any) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content[:300]
    problem = answer.json()
    assert {name: type(problem.get(name)) for name in ("type", "title", "status", "detail", "code")} == {
        "type": str, "title": str, "status": int, "detail": str, "code": str,
    }  # fmt: skip
    assert problem["status"] == answer.status_code
    assert problem["detail"].strip()


def leads_to_login(answer: Any) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(f"{reverse('account_login')}?next=")


# ---- The table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_each_door_opens_for_whom_the_table_says(door: Door, world: World) -> None:
    staff = person("staff", is_staff=True, is_superuser=True)
    visitors = {"nobody": None, "stranger": world.bob, "staff": staff, "owner": world.alice}
    found = {who: visit(door, door.of(world), user).status_code for who, user in visitors.items()}
    assert found == {"nobody": door.nobody, "stranger": door.stranger, "staff": door.stranger, "owner": door.owner}


def test_a_page_sends_nobody_to_the_login_and_back(world: World) -> None:
    closed = [door for door in PAGES if door.route not in PUBLIC]
    assert len(closed) > 20
    stray = [str(door) for door in closed if not leads_to_login(visit(door, door.of(world), None))]
    assert stray == []


@pytest.mark.parametrize("door", [door for door in API if door.nobody == 401], ids=str)
def test_the_api_opens_for_a_session_as_for_a_token(door: Door, world: World) -> None:
    found = [visit(door, door.of(world), user, by_session=True).status_code for user in (world.bob, world.alice)]
    assert found == [door.stranger, door.owner]


@pytest.mark.parametrize("door", [door for door in API if door.method != "GET" and door.method != "HEAD"], ids=str)
def test_the_api_changes_nothing_for_a_session_without_its_csrf_token(door: Door, world: World) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(world.alice)
    answer = checked(door, door.knock(client, door.of(world)))
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_a_deactivated_owner_is_nobody_at_every_door(world: World) -> None:
    headers, client = bearer(world.alice), signed_in(world.alice)
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    wrong = {}
    for door in DOORS:
        answer = door.knock(*((Client(), door.of(world)) if door.is_api else (client, door.of(world))), **headers)
        if spent(answer).status_code != door.nobody:
            wrong[str(door)] = answer.status_code
    assert wrong == {}


# ---- What is another's does not exist ----------------------------------------------------------

MASKED = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


def everything_told(answer: Any) -> tuple[Any, ...]:
    """Status, headers and body, without what is new in every answer."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return answer.status_code, headers, MASKED.sub(b"", answer.content)


@pytest.mark.parametrize("door", WITH_IDS, ids=str)
def test_a_stranger_is_told_the_same_as_for_what_never_was(door: Door, world: World) -> None:
    absent = door.path(NOBODYS_ID, NOBODYS_ID)
    for user in (world.bob, None):
        foreign = everything_told(visit(door, door.of(world), user))
        nowhere = everything_told(visit(door, absent, user))
        if user is None and not door.is_api:  # the way back to this very page
            foreign[1].pop("Location"), nowhere[1].pop("Location")
        assert foreign == nowhere


@pytest.mark.parametrize("door", [door for door in API if door.route.startswith("api-album-image")], ids=str)
def test_an_image_is_not_found_through_another_album(door: Door, world: World) -> None:
    """Neither through another of its owner's, nor through the stranger's own."""
    image = getattr(world, door.ids).public_id
    others = [
        (world.alice, album_of(world.alice)),
        (world.bob, album_of(world.bob)),
        (world.alice, album_of(world.bob)),
    ]
    found = [visit(door, door.path(album.public_id, image), user).status_code for user, album in others]
    assert found == [404, 404, 404]
    assert Image.objects.get(public_id=image).caption == ""


def test_an_image_moves_into_no_album_of_a_strangers(world: World) -> None:
    his = album_of(world.bob)
    client, headers = Client(), bearer(world.alice)
    path = reverse("api-image", args=[world.image.public_id])
    answers = [
        client.patch(path, {"album": str(album)}, content_type="application/json", headers=headers)
        for album in (his.public_id, NOBODYS_ID)
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
    world.image.refresh_from_db()
    assert world.image.album_id == world.album.pk


def test_a_cover_is_no_image_of_another_album(world: World) -> None:
    his, hers = image_in(album_of(world.bob)), image_in(album_of(world.alice))
    client, headers = Client(), bearer(world.alice)
    path = reverse("api-album", args=[world.album.public_id])
    answers = [
        client.patch(path, {"cover": str(cover)}, content_type="application/json", headers=headers)
        for cover in (his.public_id, hers.public_id, NOBODYS_ID)
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert answers[0].json() == answers[1].json() == answers[2].json()


def test_lists_show_nothing_of_a_strangers(world: World) -> None:
    """Nor do exists/ and the tiles, asked for by hash and by id."""
    his = album_of(world.bob)
    client, headers = Client(), bearer(world.bob)
    assert [row["id"] for row in client.get("/api/v1/albums/", headers=headers).json()["results"]] == [
        str(his.public_id)
    ]
    path = reverse("api-images-exists", args=[his.public_id])
    asked = {"sha256": [world.image.sha256]}
    assert client.post(path, asked, content_type="application/json", headers=headers).json() == {"existing": {}}
    tiles = reverse("album-tiles", args=[his.public_id])
    assert b"photo.jpg" not in signed_in(world.bob).get(f"{tiles}?ids={world.image.public_id}").content
    page = signed_in(world.bob).get(reverse("album-list")).content.decode()
    assert (page.count(str(his.public_id)), page.count(str(world.album.public_id))) == (1, 0)


READ_ONLY = {
    "id": NOBODYS_ID, "public_id": NOBODYS_ID, "pk": 99, "owner": 1, "owner_id": 1, "status": "failed", "bytes": 1,
    "sha256": "0" * 64, "living_sha256": None, "crc32": 1, "content_type": "text/html", "width": 1, "height": 1,
    "taken_at": "2001-01-01T00:00:00Z", "camera": "x", "placeholder": "x", "variants": {}, "attempts": 9,
    "leased_until": None, "lease_token": None, "created_at": "2001-01-01T00:00:00Z", "image_count": 99,
    "doomed_at": "2001-01-01T00:00:00Z", "error_code": "x", "sorted_at": "2001-01-01T00:00:00Z", "url": "http://x/",
    "original": {"url": "http://x/"}, "error": {"code": "x"}, "album_id": 1, "cover_choice": NOBODYS_ID,
}  # fmt: skip


@pytest.mark.parametrize("route", ["api-image", "api-album-image", "api-album"])
def test_no_field_but_those_of_the_contract_can_be_written(route: str, world: World) -> None:
    door = Door(route, "PATCH", 200, 404, 401, READ_ONLY)
    model: type[Any] = Album if route == "api-album" else Image
    before = list(model.objects.order_by("pk").values())
    visit(door, door.of(world), world.alice)
    after = list(model.objects.order_by("pk").values())
    for row in (*before, *after):
        del row["updated_at"]
    assert after == before


def test_nobody_makes_themselves_staff(world: World) -> None:
    fields = {
        "is_staff": True, "is_superuser": True, "is_active": False, "email": "root@example.org", "quota_bytes": 1,
        "used_bytes": 0, "quota": {"limit": None, "used": 0}, "token_version": 7, "password": "x", "id": NOBODYS_ID,
    }  # fmt: skip
    before = User.objects.filter(pk=world.alice.pk).values().get()
    door = Door("api-me", "PATCH", 200, 200, 401, fields)
    assert visit(door, door.of(world), world.alice).status_code == 200
    assert User.objects.filter(pk=world.alice.pk).values().get() == before


# ---- Signed links ------------------------------------------------------------------------------


def test_a_signed_link_opens_for_everybody_and_only_this_file(world: World) -> None:
    links = links_of(world.image)
    assert links.smallest is not None
    for url in (links.original, links.smallest.url):
        for user in (None, world.bob, world.alice):
            client = Client() if user is None else signed_in(user)
            assert spent(client.get(url)).status_code == 200
            assert client.head(url).status_code == 200
    other = links_of(world.failed).original
    name, query = links.original.split("?")
    stolen = [f"{other.split('?')[0]}?{query}", f"{links.smallest.url.split('?')[0]}?{query}", name]
    assert [Client().get(url).status_code for url in stolen] == [404, 404, 404]


def test_no_path_of_the_storage_is_served(world: World) -> None:
    name = world.image.original_file
    paths = [f"/{root}/{name}" for root in ("media", "images", "data/images", "static", "protected", "storage")]
    assert [Client().get(path).status_code for path in paths] == [404] * len(paths)


# ---- The whole URL map -------------------------------------------------------------------------


def routes(resolver: URLResolver | None = None, prefix: str = "", above: tuple[str, ...] = ()) -> Iterator[Route]:
    """Every route of the URL map."""
    for pattern in (resolver or get_resolver()).url_patterns:
        names = (*above, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""), names)
        else:
            yield Route(f"{prefix}{pattern.name}", names)


def parameters(route: str) -> tuple[str, ...]:
    return dict(routes())[route]


def test_every_route_has_a_row_in_the_table() -> None:
    assert {name for name, _ in routes() if not name.startswith("admin:")} == {door.route for door in DOORS}


def test_no_two_routes_share_a_name() -> None:
    names = [name for name, _ in routes() if name != "admin:None"]
    assert sorted(names) == sorted(set(names))


def test_every_method_of_the_api_has_a_row_in_the_table(world: World) -> None:
    """What OPTIONS says to the owner is what the table knows."""
    known: dict[str, set[str]] = {}
    for door in [*AUTH, *API]:
        known.setdefault(door.route, {"OPTIONS"}).add(door.method)
        if door.method == "GET":
            known[door.route].add("HEAD")
    told = {}
    for door in [*AUTH, *API]:
        path = door.path(world.album.public_id, world.image.public_id).split("?")[0]
        answer = Client().options(path, headers=bearer(world.alice))
        told[door.route] = set(answer.headers["Allow"].split(", "))
    assert told == known


def test_only_the_routes_of_a_short_list_answer_without_a_login(world: World) -> None:
    given = {
        "album": str(world.album.public_id), "image": str(world.image.public_id), "file": "original.jpg",
        "thing": str(world.trashed.public_id),
        "uidb36": "1", "key": "x", "content_type_id": "1", "object_id": "1", "id": "1", "url": "x",
        "app_label": "albums",
    }  # fmt: skip
    public = set()
    for route in routes():
        path = path_of(route, given)
        answers = [Client().generic(method, path) for method in ("GET", "POST")]
        if not all(is_closed(answer) for answer in answers):
            public.add(route.name)
    assert public == PUBLIC


def path_of(route: Route, given: dict[str, str]) -> str:
    if route.name == "admin:None":  # the catch-all, and the old addresses of the change pages
        return "/admin/anything/at/all/"
    return reverse(route.name, kwargs={parameter: given[parameter] for parameter in route.parameters})


def is_closed(answer: Any) -> bool:
    to_login = answer.status_code == 302 and answer.headers["Location"].split("?")[0] in (
        "/admin/login/",
        "/accounts/login/",
    )
    return to_login or answer.status_code == 401


def test_the_admin_is_for_staff(world: World) -> None:
    paths = [reverse(name) for name, _ in routes() if name.startswith("admin:") and name.endswith("_changelist")]
    paths += ["/admin/", *(path.rstrip("/") + "/1/change/" for path in paths)]
    assert len(paths) >= 9
    assert [path for path in paths if not is_closed(Client().get(path))] == []
    assert [path for path in paths if not is_closed(signed_in(world.alice).get(path))] == []
    staff = signed_in(person("root", is_staff=True, is_superuser=True))
    assert [staff.get(path).status_code for path in paths if not path.endswith("/change/")] == [200] * (
        len(paths) // 2 + 1
    )


# ---- The form of every refusal -----------------------------------------------------------------

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"]


@pytest.mark.parametrize("route", sorted({door.route for door in [*AUTH, *API]}))
def test_a_wrong_method_is_405_and_says_which_are_right(route: str, world: World) -> None:
    door = next(door for door in [*AUTH, *API] if door.route == route)
    path = door.path(world.album.public_id, world.image.public_id).split("?")[0]
    right = {d.method for d in [*AUTH, *API] if d.route == route}
    right |= {"HEAD"} if "GET" in right else set()
    for method in set(METHODS) - right:
        answer = Client().generic(method, path, headers=bearer(world.alice))
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == right | {"OPTIONS"}
        if method != "HEAD":
            assert_problem(answer)


PAGE_ROUTES = sorted(
    {door.route for door in PAGES if door.route.split("-")[0] in ("album", "image", "profile", "signed")}
)


@pytest.mark.parametrize("route", PAGE_ROUTES)
def test_a_wrong_method_at_a_page_is_405(route: str, world: World) -> None:
    door = next(door for door in PAGES if door.route == route)
    right = {d.method for d in PAGES if d.route == route}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - right:
        assert signed_in(world.alice).generic(method, door.of(world).split("?")[0]).status_code == 405, method


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
