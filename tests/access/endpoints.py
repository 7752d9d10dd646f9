"""Every endpoint with the status that each kind of visitor gets: the table of access.

No request passes without a login unless its route stands in the short list PUBLIC.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import User
from images.processing.sizes import SIZES
from imagestore.portal.languages import version_of
from tests.people import UNUSED_ID
from tests.rows import World, bearer

# The routes that answer without a login, and why they must.
PUBLIC = {
    # To come in for the first time, or again.
    "landing", "account_login", "account_signup", "account_logout",
    "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done",
    "account_email_verification_sent", "account_confirm_email",
    "api-register", "api-login", "api-refresh", "api-verify", "api-logout",
    # Texts of scripts, on pages without a login, too.
    "language-catalog",
    # What makes the portal an app: browsers ask for it without a session. It holds nothing of a user.
    "manifest", "service-worker", "offline",
    # The link's signature is the permission.
    "signed-file",
    # Whether the server is up.
    "healthz-live", "healthz-ready",
    # Prometheus has no account: the token METRICS_TOKEN is the permission. Without it the answer is 404.
    "metrics",
}  # fmt: skip

LOGIN = 302
"""A page sends a visitor without a login to the login form."""


class Route(NamedTuple):
    """A route's full name, and the names of what stands in its path."""

    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """A route and a method, and the status that its owner, a stranger and an anonymous visitor get."""

    route: str
    method: str
    owner: int
    stranger: int
    anonymous: int
    body: dict[str, Any] | None = None
    query: str = ""
    ids: str = "image"
    """Which image stands in the path: `image`, `failed` or `trashed`."""
    args: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api-") or self.route in ("schema", "docs")

    def __str__(self) -> str:
        return f"{self.method} {self.route}{self.query}" + (f" ({self.ids})" if self.ids != "image" else "")

    def path(self, album: object, image: object, upload: object = UNUSED_ID) -> str:
        of_album = dict.fromkeys(("album", "album_id"), str(album))
        of_image = dict.fromkeys(("image", "image_id", "thing", "item_id"), str(image))
        given = {**of_album, **of_image, "upload": str(upload), **self.args}
        wanted = {name: given[name] for name in parameters(self.route)}
        return reverse(self.route, kwargs=wanted) + self.query

    def of(self, world: World) -> str:
        return self.path(world.album.public_id, getattr(world, self.ids).public_id, world.upload.public_id)

    def request(self, client: Client, path: str, **headers: str) -> Any:
        headers |= self.headers
        if self.is_api:
            return client.generic(
                self.method, path, as_json(self.body), content_type="application/json", headers=headers
            )
        if self.method == "POST":
            return client.post(path, self.body or {}, headers=headers)
        return client.generic(self.method, path, headers=headers)


def as_json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


TUS = {"Tus-Resumable": "1.0.0"}
TITLE = {"title": "Winter"}
RESET = {"uidb36": "1", "key": "1-1"}

PAGES = [
    Endpoint("landing", "GET", 302, 302, 200),
    Endpoint("profile", "GET", 200, 200, LOGIN),
    Endpoint("profile", "POST", 302, 302, LOGIN, {"name": "A"}),
    Endpoint("profile-delete", "GET", 200, 200, LOGIN),
    Endpoint("profile-delete", "POST", 200, 200, LOGIN, {"password": "wrong"}),
    Endpoint("account_login", "GET", 302, 302, 200),
    Endpoint("account_signup", "GET", 302, 302, 200),
    Endpoint("account_logout", "GET", 200, 200, 302),
    Endpoint("account_change_password", "GET", 200, 200, LOGIN),
    Endpoint("account_reset_password", "GET", 200, 200, 200),
    Endpoint("account_reset_password_done", "GET", 200, 200, 200),
    Endpoint("account_reset_password_from_key", "GET", 200, 200, 200, args=RESET),
    Endpoint("account_reset_password_from_key_done", "GET", 200, 200, 200),
    Endpoint("account_email_verification_sent", "GET", 200, 200, 200),
    Endpoint("account_confirm_email", "GET", 200, 200, 200, args={"key": "forged"}),
    Endpoint("language-catalog", "GET", 200, 200, 200, args={"language": "de", "version": version_of("de")}),
    Endpoint("manifest", "GET", 200, 200, 200),
    Endpoint("service-worker", "GET", 200, 200, 200),
    Endpoint("offline", "GET", 200, 200, 200),
    Endpoint("share", "GET", 200, 200, LOGIN),
    Endpoint("share", "POST", 302, 302, LOGIN, {"title": "From another app"}),
    Endpoint("album-list", "GET", 200, 200, LOGIN),
    Endpoint("album-create", "GET", 200, 200, LOGIN),
    Endpoint("album-create", "POST", 302, 302, LOGIN, TITLE),
    Endpoint("album-detail", "GET", 200, 404, LOGIN),
    Endpoint("album-edit", "GET", 200, 404, LOGIN),
    Endpoint("album-edit", "POST", 302, 404, LOGIN, TITLE),
    Endpoint("album-tiles", "GET", 200, 404, LOGIN),
    Endpoint("album-archive", "GET", 200, 404, LOGIN),
    Endpoint("album-archive", "GET", 404, 404, LOGIN, query=f"?images={UNUSED_ID}"),
    Endpoint("album-archive", "POST", 200, 404, LOGIN),
    Endpoint("album-order", "POST", 302, 404, LOGIN, {"ordering": "name"}),
    Endpoint("album-part", "GET", 200, 404, LOGIN),
    Endpoint("album-ids", "GET", 200, 404, LOGIN),
    Endpoint("image-upload", "POST", 302, 404, LOGIN),
    Endpoint("photos", "GET", 200, 200, LOGIN),
    Endpoint("photos", "GET", 404, 404, LOGIN, query="?album=019a0000-0000-7000-8000-000000000000"),
    Endpoint("photo-tiles", "GET", 200, 200, LOGIN),
    Endpoint("photo-part", "GET", 200, 200, LOGIN),
    Endpoint("photo-ids", "GET", 200, 200, LOGIN),
    Endpoint("photo-ids", "GET", 404, 404, LOGIN, query="?album=019a0000-0000-7000-8000-000000000000"),
    Endpoint("photos-selected", "GET", 200, 200, LOGIN),
    Endpoint("photos-selected", "POST", 302, 302, LOGIN, {"action": "trash"}),
    Endpoint("photos-selected", "POST", 404, 404, LOGIN, {"action": "trash", "ids": UNUSED_ID}),
    Endpoint("image-detail", "GET", 200, 404, LOGIN),
    Endpoint("image-edit", "GET", 200, 404, LOGIN),
    Endpoint("image-edit", "POST", 302, 404, LOGIN, {"name": "b.jpg"}),
    Endpoint("image-change", "POST", 302, 404, LOGIN, {"by": "90"}),
    Endpoint("image-change", "POST", 302, 404, LOGIN, {"favourite": "true", "cover": "true"}),
    Endpoint("image-move", "GET", 200, 404, LOGIN),
    # The owner is told that no album is chosen.
    Endpoint("image-move", "POST", 200, 404, LOGIN),
    Endpoint("image-file", "GET", 200, 404, LOGIN),
    Endpoint("image-file", "HEAD", 200, 404, LOGIN),
    Endpoint("image-file", "GET", 200, 404, LOGIN, query="?download=1"),
    *(Endpoint("image-file", "GET", 200, 404, LOGIN, query=f"?size={size}") for size in SIZES),
    Endpoint("image-retry", "POST", 302, 404, LOGIN, ids="failed"),
    Endpoint("image-delete", "GET", 200, 404, LOGIN),
    Endpoint("image-delete", "POST", 302, 404, LOGIN),
    Endpoint("album-delete", "GET", 200, 404, LOGIN),
    Endpoint("album-delete", "POST", 302, 404, LOGIN),
    Endpoint("trash", "GET", 200, 200, LOGIN),
    Endpoint("trash-ids", "GET", 200, 200, LOGIN),
    Endpoint("trash-detail", "GET", 200, 404, LOGIN, ids="trashed"),
    Endpoint("trash-detail", "GET", 404, 404, LOGIN),
    Endpoint("trash-restore", "POST", 302, 404, LOGIN, ids="trashed"),
    Endpoint("trash-delete", "GET", 404, 404, LOGIN),
    Endpoint("trash-delete", "GET", 200, 404, LOGIN, ids="trashed"),
    Endpoint("trash-delete", "POST", 302, 404, LOGIN, ids="trashed"),
    Endpoint("trash-empty", "GET", 200, 200, LOGIN),
    Endpoint("trash-empty", "POST", 302, 302, LOGIN),
    *(Endpoint(f"image-{page}", "GET", 404, 404, LOGIN, ids="trashed") for page in ("detail", "edit", "file")),
    Endpoint("signed-file", "GET", 404, 404, 404, args={"file": "original.jpg"}),
    Endpoint("healthz-live", "GET", 200, 200, 200),
    Endpoint("healthz-ready", "GET", 200, 200, 200),
    Endpoint("metrics", "GET", 404, 404, 404),
]  # fmt: skip

AUTH = [
    Endpoint("api-register", "POST", 400, 400, 400, {}),
    Endpoint("api-login", "POST", 400, 400, 400, {}),
    Endpoint("api-refresh", "POST", 401, 401, 401, {"refresh": "forged"}),
    Endpoint("api-verify", "POST", 401, 401, 401, {"token": "forged"}),
    Endpoint("api-logout", "POST", 401, 401, 401, {"refresh": "forged"}),
    Endpoint("schema", "GET", 200, 200, 401),
    Endpoint("docs", "GET", 200, 200, 302),
]


def image_endpoints(prefix: str) -> list[Endpoint]:
    return [
        Endpoint(prefix, "GET", 200, 404, 401),
        Endpoint(prefix, "PATCH", 200, 404, 401, {"caption": "New"}),
        Endpoint(f"{prefix}-file", "GET", 200, 404, 401),
        Endpoint(f"{prefix}-file", "HEAD", 200, 404, 401),
        *(Endpoint(f"{prefix}-file", "GET", 200, 404, 401, query=f"?size={s}") for s in SIZES),
        Endpoint(f"{prefix}-retry", "POST", 202, 404, 401, ids="failed"),
        Endpoint(prefix, "DELETE", 204, 404, 401),
    ]


API = [
    Endpoint("api-me", "GET", 200, 200, 401),
    Endpoint("api-me", "PATCH", 200, 200, 401, {"name": "A"}),
    Endpoint("api-me-delete", "POST", 400, 400, 401, {"password": "wrong"}),
    Endpoint("api-albums", "GET", 200, 200, 401),
    Endpoint("api-albums", "POST", 201, 201, 401, TITLE),
    Endpoint("api-album", "GET", 200, 404, 401),
    Endpoint("api-album", "PATCH", 200, 404, 401, TITLE),
    Endpoint("api-archive", "GET", 200, 404, 401),
    Endpoint("api-archive", "HEAD", 200, 404, 401),
    *(Endpoint("api-archive", "GET", 200, 404, 401, query=f"?size={size}") for size in SIZES),
    Endpoint("api-archive", "GET", 404, 404, 401, query=f"?images={UNUSED_ID}"),
    # The owner is let in, and told that no image is named.
    Endpoint("api-album-order", "POST", 400, 404, 401, {}),
    Endpoint("api-images", "GET", 200, 404, 401),
    # The owner is let in, and told that JSON is no upload.
    Endpoint("api-images", "POST", 415, 404, 401, {}),
    Endpoint("api-images-bulk", "POST", 415, 404, 401, {}),
    Endpoint("api-images-exists", "POST", 200, 404, 401, {"sha256": ["0" * 64]}),
    Endpoint("api-timeline", "GET", 200, 200, 401),
    Endpoint("api-timeline", "GET", 404, 404, 401, query="?around=019a0000-0000-7000-8000-000000000000"),
    *(
        Endpoint(route, "GET", 404, 404, 401, query="?album=019a0000-0000-7000-8000-000000000000")
        for route in ("api-timeline", "api-months")
    ),
    Endpoint("api-months", "GET", 200, 200, 401),
    Endpoint("api-batch", "POST", 400, 400, 401, {}),
    Endpoint("api-exists", "POST", 200, 200, 401, {"sha256": ["0" * 64]}),
    *image_endpoints("api-image"),
    *image_endpoints("api-album-image"),
    Endpoint("api-image", "GET", 404, 404, 401, ids="trashed"),
    Endpoint("api-image-file", "GET", 404, 404, 401, ids="trashed"),
    # The owner is let in, and told that the album is missing, or the media type is wrong.
    Endpoint("api-uploads", "POST", 400, 400, 401, headers={**TUS, "Upload-Length": "1"}),
    Endpoint("api-upload", "HEAD", 200, 404, 401, headers=TUS),
    Endpoint("api-upload", "PATCH", 415, 404, 401, headers=TUS),
    Endpoint("api-upload", "DELETE", 204, 404, 401, headers=TUS),
    Endpoint("api-trash", "GET", 200, 200, 401),
    Endpoint("api-restore", "POST", 200, 404, 401, ids="trashed"),
    Endpoint("api-restore", "POST", 404, 404, 401),
    Endpoint("api-trashed", "DELETE", 204, 404, 401, ids="trashed"),
    Endpoint("api-trashed", "DELETE", 404, 404, 401),
    Endpoint("api-trash", "DELETE", 204, 204, 401),
    Endpoint("api-images", "DELETE", 204, 404, 401, query="?all=true"),
    Endpoint("api-album", "DELETE", 204, 404, 401),
]

ENDPOINTS = [*PAGES, *AUTH, *API]
WITH_IDS = [endpoint for endpoint in ENDPOINTS if endpoint.stranger == 404 and endpoint.route not in PUBLIC]


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def visit(endpoint: Endpoint, path: str, user: User | None, *, by_session: bool = False) -> Any:
    """The answer to this user, who uses pages with a session and the API with a token."""
    if user is None:
        return check_form(endpoint, endpoint.request(Client(raise_request_exception=False), path))
    if endpoint.is_api and not by_session:
        return check_form(endpoint, endpoint.request(Client(raise_request_exception=False), path, **bearer(user)))
    return check_form(endpoint, endpoint.request(signed_in(user), path))


def check_form(endpoint: Endpoint, answer: Any) -> Any:
    """The answer, after a check of its form: refusals of API and links are problems, missing pages are HTML."""
    read_to_end(answer)
    answers_json = endpoint.is_api or endpoint.route == "signed-file"
    if answers_json and answer.status_code >= 400 and endpoint.method != "HEAD":
        assert_problem(answer)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    if not answers_json and answer.status_code == 404:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


def read_to_end(answer: Any) -> Any:
    """The answer, with its file read to the end and closed."""
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


def routes(resolver: URLResolver | None = None, prefix: str = "", above: tuple[str, ...] = ()) -> Iterator[Route]:
    """Every route of the URL map."""
    for pattern in (resolver or get_resolver()).url_patterns:
        names = (*above, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""), names)
        else:
            yield Route(f"{prefix}{pattern.name}", names)


@cache
def _parameters_by_route() -> dict[str, tuple[str, ...]]:
    return {route.name: route.parameters for route in routes()}


def parameters(route: str) -> tuple[str, ...]:
    return _parameters_by_route()[route]
