"""The contract of the API (version 1), row by row: what each operation takes, answers and refuses.

Rows are asked in-process, about alice's rows (`tests.rows.World`); `Row.ids` puts other rows into the path.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.tokens import issue
from albums.models import Album
from images.models import Image, Status, Upload
from images.services import delete_albums
from images.tests.pictures import jpeg_bytes, png_bytes
from tests.people import UNUSED_ID
from tests.rows import PASSWORD, World, album_of, bearer, image_in

# ---- What answers hold ----------------------------------------------------------------------

USER = "id email name created_at quota"
LOGIN = "user access refresh"
ALBUM = "id title description ordering image_count bytes cover created_at updated_at url"
IMAGE = (
    "id album name caption content_type bytes width height sha256 status error taken_at camera placeholder "
    "variants original created_at updated_at url taken_offset damage favourite lens exposure rotation"
)
LIST = "next previous results"
ENTRY = "id type title album thumb image_count deleted_at purge_at"
PROBLEM = "type title status detail code"

# ---- What is sent ---------------------------------------------------------------------------

PHOTO = jpeg_bytes(48, 32)
BYTES_TYPE = "application/offset+octet-stream"
# The header is whole, the rest of the file is not a picture's.
UNREADABLE = png_bytes()[:20]


def photo(content: bytes = PHOTO, name: str = "sea.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def tus(**headers: str) -> dict[str, str]:
    """Headers of a request that speaks tus; `offset` is Upload-Offset."""
    return {"Tus-Resumable": "1.0.0", **{f"Upload-{name.title()}": value for name, value in headers.items()}}


def in_base64(text: str, values: dict[str, str]) -> str:
    """A header with base64 of a row's id in place of <name>."""
    for name, value in values.items():
        text = text.replace(f"<{name}>", base64.b64encode(value.encode()).decode())
    return text


class Form(dict[str, Any]):
    """A body that is multipart/form-data; any other is JSON."""


@dataclass
class Rows(World):
    """Alice's rows, and more of them for what only they can show."""

    other: Album = field(init=False)
    pending: Image = field(init=False)
    trashed_album: Album = field(init=False)
    orphaned: Image = field(init=False)
    refresh: str = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pending = image_in(self.album, "new.jpg", Status.PENDING)
        self.other = album_of(self.alice, "Winter")
        image_in(self.other, "same.jpg", sha256=self.image.sha256, living_sha256=self.image.sha256)
        self.trashed_album = album_of(self.alice, "Old")
        self.orphaned = image_in(self.trashed_album, "alone.jpg", trashed_at="2026-01-01T00:00:00Z")
        delete_albums(self.alice, Album.objects.filter(pk=self.trashed_album.pk))
        self.refresh = issue(self.alice).refresh

    def values(self) -> dict[str, str]:
        """What stands in braces in paths and bodies."""
        rows = {name: row for name, row in vars(self).items() if isinstance(row, Album | Image | User | Upload)}
        ids = {name: str(row.public_id) for name, row in rows.items()}
        return {**ids, "thing": ids["trashed"], "unused": UNUSED_ID, "refresh": self.refresh}


@dataclass(frozen=True)
class Row:
    operation: str
    """Method and path below /api/v1/; the braces name rows of `Rows`."""
    status: int
    fields: str = ""
    """The members of the JSON answer: all of them, no others."""
    send: dict[str, Any] | str | None = None
    """A `str` is sent as it is."""
    query: str = ""
    headers: tuple[str, ...] = ()
    """Headers that the answer must have."""
    code: str = ""
    """Of a refusal."""
    login: str = "alice"
    """Whose token is sent; "" is none, another word is sent as a token."""
    ids: dict[str, str] = field(default_factory=dict)
    """`{"image": "failed"}`: this row in the path in place of that."""
    more: dict[str, str] = field(default_factory=dict)
    """Headers of the request."""
    kind: str = "application/json"
    """The type of a body that is sent as it is."""

    def __str__(self) -> str:
        return f"{self.operation}{self.query} {self.status} {self.code}".strip()

    @property
    def template(self) -> tuple[str, str]:
        """Method and path as the schema has them."""
        method, path = self.operation.split()
        return method.lower(), f"/api/v1/{path}"

    def ask(self, rows: Rows) -> Any:
        method, path = self.template
        values = rows.values()
        path = path.format(**{**values, **{name: values[other] for name, other in self.ids.items()}})
        headers = {**self._login(rows), **{name: in_base64(text, values) for name, text in self.more.items()}}
        client = Client(raise_request_exception=False)
        url = path + self.query.format(**values)
        if isinstance(self.send, Form):
            return client.post(url, dict(self.send), headers=headers)
        return client.generic(method, url, self._json(values), content_type=self.kind, headers=headers)

    def _login(self, rows: Rows) -> dict[str, str]:
        if not self.login:
            return {}
        user = getattr(rows, self.login, None)
        return bearer(user) if isinstance(user, User) else {"Authorization": f"Bearer {self.login}"}

    def _json(self, values: dict[str, str]) -> str:
        if self.send is None or isinstance(self.send, str):
            return self.send or ""
        text = json.dumps(self.send)
        for name, value in values.items():
            text = text.replace(f"<{name}>", value)
        return text


# ---- Successes ------------------------------------------------------------------------------

ACCOUNT = {"email": "carol@example.org", "password": PASSWORD}
FILE_HEADERS = ("ETag", "Cache-Control", "Content-Disposition", "Content-Length")
TUS_HEADERS = ("Tus-Resumable", "Upload-Offset", "Upload-Expires")
IN_ALBUM = "albums/{album}/images/{image}/"
NARROWED = "status=ready&album={album}&favourite=false&taken_after=2000-01-01&taken_before=2100-01-01"

BATCHES: list[dict[str, Any]] = [
    {"action": "move", "album": "<other>"}, {"action": "copy", "album": "<other>"}, {"action": "trash"},
    {"action": "restore"}, {"action": "delete"}, {"action": "favourite", "value": True},
    {"action": "rotate", "by": -90}, {"action": "shift_taken_at", "seconds": -3600},
    {"action": "set_taken_offset", "taken_offset": None}, {"action": "set_taken_offset", "taken_offset": "-03:30"},
]  # fmt: skip

SUCCESSES = [
    Row("POST auth/register/", 201, LOGIN, {**ACCOUNT, "name": "Carol"}, login=""),
    Row("POST auth/login/", 200, LOGIN, {"email": "alice@example.org", "password": PASSWORD}, login=""),
    Row("POST auth/refresh/", 200, "access refresh", {"refresh": "<refresh>"}, login=""),
    Row("POST auth/verify/", 200, "", {"token": "<refresh>"}, login=""),
    Row("POST auth/logout/", 204, send={"refresh": "<refresh>"}, login=""),
    Row("GET users/me/", 200, USER),
    Row("PATCH users/me/", 200, USER, {"name": "Alice"}),
    Row("POST users/me/delete/", 204, send={"password": PASSWORD}),
    Row("GET albums/", 200, LIST),
    *(Row("GET albums/", 200, LIST, query=f"?ordering={sign}{name}&search=S&page_size=200")
      for name in ("title", "created_at", "updated_at") for sign in ("", "-")),
    Row("POST albums/", 201, ALBUM, {"title": "Sea", "description": "Waves"}, headers=("Location",)),
    Row("GET albums/{album}/", 200, ALBUM),
    Row("PATCH albums/{album}/", 200, ALBUM, {"title": "A", "description": "B", "cover": "<image>"}),
    Row("PATCH albums/{album}/", 200, ALBUM, {"ordering": "-position"}),
    *(Row("POST albums/{album}/order/", 204, send={"ids": ["<image>"], **place})
      for place in ({}, {"before": "<failed>"}, {"after": "<pending>"})),
    Row("DELETE albums/{album}/", 204),
    Row("DELETE albums/{album}/", 204, query="?permanent=true"),
    *(Row("GET albums/{album}/archive/", 200, headers=FILE_HEADERS, query=query)
      for query in ("", "?size=medium", "?images={image},{pending}", "?images={failed}&size=thumb")),
    Row("GET albums/{album}/archive/", 206, headers=(*FILE_HEADERS, "Content-Range"), more={"Range": "bytes=9-9"}),
    Row("GET albums/{album}/images/", 200, LIST),
    *(Row("GET albums/{album}/images/", 200, LIST, query=f"?ordering={sign}{name}&status=ready&search=photo")
      for name in ("created_at", "taken_at", "name", "position") for sign in ("", "-")),
    Row("GET albums/{album}/images/", 200, LIST, query="?around={image}"),
    Row("GET images/", 200, LIST),
    *(Row("GET images/", 200, LIST, query=f"?ordering={sign}{name}&search=photo&{NARROWED}")
      for name in ("created_at", "taken_at", "name") for sign in ("", "-")),
    Row("GET images/", 200, LIST, query="?around={image}&page_size=2"),
    Row("GET images/months/", 200, "results"),
    Row("GET images/months/", 200, "results", query=f"?search=photo&{NARROWED}"),
    *(Row("POST images/batch/", 207, "results", {"ids": ["<image>", "<trashed>", "<unused>"], **action})
      for action in BATCHES),
    Row("POST images/exists/", 200, "existing", {"sha256": ["0" * 64]}),
    Row("POST albums/{album}/images/", 201, IMAGE, Form(file=photo(), caption="Waves"), headers=("Location",)),
    Row("POST albums/{album}/images/bulk/", 207, "results", Form(files=[photo(), photo(b"text")])),
    Row("POST albums/{album}/images/exists/", 200, "existing", {"sha256": ["0" * 64]}),
    Row("DELETE albums/{album}/images/", 204, query="?all=true"),
    Row("DELETE albums/{album}/images/", 204, query="?all=true&permanent=true"),
    *(each for path in ("images/{image}/", IN_ALBUM) for each in (
        Row(f"GET {path}", 200, IMAGE),
        Row(f"PATCH {path}", 200, IMAGE, {"name": "b.jpg", "caption": "New", "favourite": True}),
        Row(f"PATCH {path}", 200, IMAGE,
            {"rotation": 90, "taken_at": "2026-07-31T23:30:00.25", "taken_offset": "+02:00"}),
        Row(f"PATCH {path}", 200, IMAGE, {"rotation": 0, "taken_at": None, "taken_offset": None}),
        Row(f"DELETE {path}", 204),
        Row(f"DELETE {path}", 204, query="?permanent=true"),
        Row(f"POST {path}retry/", 202, IMAGE, ids={"image": "failed"}),
        Row(f"GET {path}file/", 200, headers=FILE_HEADERS),
        *(Row(f"GET {path}file/", 200, headers=FILE_HEADERS, query=f"?size={size}&download=1")
          for size in ("original", "large", "medium", "small", "thumb")),
        Row(f"GET {path}file/", 206, headers=(*FILE_HEADERS, "Content-Range"), more={"Range": "bytes=0-9"}),
    )),
    Row("PATCH images/{image}/", 200, IMAGE, {"album": "<other>"}, ids={"image": "failed"}),
    Row("POST uploads/", 201, headers=("Location", *TUS_HEADERS), more=tus(length="100", metadata="album <album>")),
    Row("PATCH uploads/{upload}/", 204, headers=TUS_HEADERS, send="\0", kind=BYTES_TYPE, more=tus(offset="0")),
    Row("DELETE uploads/{upload}/", 204, headers=("Tus-Resumable",), more=tus()),
    Row("GET trash/", 200, LIST),
    Row("DELETE trash/", 204),
    Row("POST trash/{thing}/restore/", 200, IMAGE),
    Row("POST trash/{thing}/restore/", 200, ALBUM, ids={"thing": "trashed_album"}),
    Row("DELETE trash/{thing}/", 204),
]  # fmt: skip

# ---- Refusals -------------------------------------------------------------------------------

UPLOAD = "POST albums/{album}/images/"
REFUSALS = [
    Row("POST auth/register/", 400, send={"email": "no address", "password": PASSWORD}, code="invalid", login=""),
    Row("POST albums/", 400, send="{", code="parse_error"),
    Row("POST albums/", 400, send={"title": 2026}, code="invalid"),
    Row("POST albums/", 400, send={"title": "x" + " " * 200}, code="invalid"),
    Row("PATCH albums/{album}/", 400, send={"cover": "<unused>"}, code="invalid"),
    Row("PATCH albums/{album}/", 400, send={"ordering": "bytes"}, code="invalid"),
    *(Row("POST albums/{album}/order/", 400, send=sent, code="invalid")
      for sent in ({}, {"ids": []}, {"ids": ["<image>", "<image>"]}, {"ids": ["<unused>"]}, {"ids": "<image>"},
                   {"ids": ["<image>"], "before": "<image>"}, {"ids": ["<image>"], "after": "<unused>"},
                   {"ids": ["<image>"], "before": "<failed>", "after": "<failed>"}, {"ids": ["x"] * 1001})),
    Row("PATCH images/{image}/", 400, send={"album": "<unused>"}, code="invalid"),
    Row("PATCH users/me/", 400, send={"name": "x" * 101}, code="invalid"),
    Row("POST users/me/delete/", 400, send={"password": "wrong"}, code="invalid"),
    Row("GET albums/", 400, query="?page_size=201", code="invalid"),
    Row("GET albums/", 400, query="?ordering=bytes", code="invalid"),
    *(Row(f"GET images/{below}", 400, query="?favourite=perhaps", code="invalid") for below in ("", "months/")),
    *(Row("POST images/batch/", 400, send={"ids": ["<image>"], **sent}, code="invalid")
      for sent in ({}, {"action": "explode"}, {"action": "move"}, {"action": "move", "album": "<unused>"},
                   {"action": "rotate", "by": 45}, {"action": "rotate", "by": 360},
                   {"action": "rotate", "by": "90"},
                   {"action": "shift_taken_at", "seconds": 10**13}, {"action": "favourite", "value": 1},
                   {"action": "set_taken_offset"}, {"action": "trash", "ids": []},
                   {"action": "trash", "ids": ["x"] * 1001},
                   {"action": "trash", "ids": ["<image>", "<image>"]})),
    Row("POST images/exists/", 400, send={"sha256": ["0"] * 1001}, code="invalid"),
    *(Row("PATCH images/{image}/", 400, send=sent, code="invalid")
      for sent in ({"favourite": "true"}, {"rotation": 45}, {"rotation": "90"}, {"rotation": True},
                   {"rotation": None}, {"taken_at": "yesterday"}, {"taken_at": "2026-07-31T10:00:00Z"},
                   {"taken_at": "0026-07-31T10:00"}, {"taken_at": "2026-02-30T10:00"}, {"taken_at": 5},
                   {"taken_offset": "+19:00"}, {"taken_offset": "Z"}, {"taken_offset": 120})),
    Row("DELETE albums/{album}/images/", 400, code="invalid"),
    *(Row("GET albums/{album}/archive/", 400, query=query, code="invalid")
      for query in ("?size=huge", "?images=x")),
    *(Row("GET albums/{album}/archive/", 404, query=f"?images={{image}},{{{other}}}", code="not_found")
      for other in ("unused", "trashed", "orphaned")),
    Row("GET albums/{album}/archive/", 404, code="not_found", login="bob"),
    Row("GET albums/{album}/archive/", 412, code="precondition_failed", more={"If-Match": '"of another time"'}),
    Row("GET albums/{album}/archive/", 416, code="range_not_satisfiable", more={"Range": "bytes=999999-"},
        headers=("Content-Range",)),
    Row("POST albums/{album}/images/bulk/", 400, send=Form(caption="None"), code="invalid"),
    Row("POST albums/{album}/images/exists/", 400, send={"sha256": ["0"] * 1001}, code="invalid"),
    Row(UPLOAD, 400, send=Form(file=photo(UNREADABLE)), code="invalid_image"),
    Row(UPLOAD, 400, send=Form(file=photo(), sha256="0" * 64), code="checksum_mismatch"),
    Row("POST albums/{album}/images/bulk/", 400, send=Form(files=[photo()] * 101), code="too_many_files"),
    Row("GET albums/", 401, code="not_authenticated", login="", headers=("WWW-Authenticate",)),
    Row("GET albums/", 401, code="invalid_token", login="forged", headers=("WWW-Authenticate",)),
    Row("POST auth/refresh/", 401, send={"refresh": "forged"}, code="invalid_token", login=""),
    Row("POST auth/verify/", 401, send={"token": "forged"}, code="invalid_token", login=""),
    Row("POST auth/logout/", 401, send={"refresh": "forged"}, code="invalid_token", login=""),
    Row("POST auth/login/", 401, send={"email": "alice@example.org", "password": "x"}, code="invalid_credentials",
        login=""),
    *(Row(operation, 404, code="not_found", login=login, ids=ids)
      for operation, ids in (
          ("GET albums/{album}/", {"album": "unused"}), ("GET images/{image}/", {"image": "unused"}),
          ("GET albums/{album}/images/{image}/", {"album": "other"}), ("GET images/{image}/", {"image": "trashed"}),
          ("DELETE trash/{thing}/", {"thing": "image"}), ("GET images/{image}/file/", {"image": "unused"}))
      for login in ("alice", "bob")),
    *(Row(f"GET {path}", 404, code="not_found", login=login, query=query)
      for path in ("images/", "albums/{album}/images/")
      for login, query in (
          ("alice", "?around={unused}"), ("alice", "?around={trashed}"), ("alice", "?around={image}&status=failed"),
          ("bob", "?around={image}"))),
    *(Row(f"GET images/{below}", 404, code="not_found", login=login, query=f"?album={{{album}}}")
      for below in ("", "months/")
      for login, album in (("alice", "unused"), ("alice", "trashed_album"), ("bob", "album"))),
    *(Row(operation, 404, code="not_found", login="bob")
      for operation in ("GET albums/{album}/", "GET images/{image}/", "DELETE trash/{thing}/",
                        "POST trash/{thing}/restore/", "GET images/{image}/file/")),
    Row("GET albums/", 406, code="not_acceptable", more={"Accept": "application/xml"}),
    Row("GET images/{image}/file/", 409, code="not_ready", query="?size=large", ids={"image": "pending"},
        headers=("Retry-After",)),
    Row("POST images/{image}/retry/", 409, code="not_failed"),
    Row("PATCH images/{image}/", 409, f"{PROBLEM} image", {"album": "<other>"}, code="duplicate"),
    Row("POST trash/{thing}/restore/", 409, code="album_in_trash", ids={"thing": "orphaned"}),
    *(Row(operation, 412, send={} if operation.startswith("PATCH") else None, code="precondition_failed",
          more={"If-Match": '"of another time"'})
      for operation in ("PATCH albums/{album}/", "DELETE albums/{album}/", "PATCH images/{image}/",
                        "DELETE images/{image}/", "PATCH users/me/")),
    Row("POST uploads/", 400, more=tus(length="100", metadata="album"), code="invalid"),
    Row("POST uploads/", 412, code="unsupported_version"),
    *(Row("PATCH uploads/{upload}/", status, send="\0", kind=BYTES_TYPE, more=tus(**headers), code=code)
      for status, code, headers in (
          (400, "invalid", {}), (409, "wrong_offset", {"offset": "1"}),
          (460, "chunk_mismatch", {"offset": "0", "checksum": f"sha256 {'A' * 43}="}))),
    Row("DELETE uploads/{upload}/", 404, more=tus(), code="not_found", login="bob"),
    Row(UPLOAD, 415, send=Form(file=photo(b"only text")), code="unsupported_format"),
    Row(UPLOAD, 415, send={}, code="unsupported_media_type"),
    Row("GET images/{image}/file/", 416, code="range_not_satisfiable", more={"Range": "bytes=999999-"},
        headers=("Content-Range",)),
]  # fmt: skip

# Methods of no operation.
UNKNOWN_METHODS = [Row("PUT albums/{album}/", 405, code="method_not_allowed", headers=("Allow",), send={})]

# code -> status: the table of the contract.
CODES = {
    "invalid": 400, "parse_error": 400, "invalid_image": 400, "checksum_mismatch": 400, "too_many_files": 400,
    "not_authenticated": 401, "invalid_token": 401, "token_expired": 401, "invalid_credentials": 401,
    "csrf_failed": 403, "forbidden": 403, "not_found": 404, "method_not_allowed": 405, "not_acceptable": 406,
    "request_timeout": 408, "precondition_failed": 412, "uri_too_long": 414, "expectation_failed": 417,
    "headers_too_large": 431, "not_implemented": 501,
    "not_ready": 409, "not_failed": 409, "duplicate": 409, "album_in_trash": 409, "wrong_offset": 409,
    "unsupported_version": 412, "upload_locked": 423, "chunk_mismatch": 460,
    "file_too_large": 413, "too_many_pixels": 413, "quota_exceeded": 413,
    "unsupported_format": 415, "unsupported_media_type": 415, "range_not_satisfiable": 416, "throttled": 429,
    "internal_error": 500, "database_unavailable": 503, "storage_unavailable": 503, "busy": 503,
}  # fmt: skip
# They need another setting or more than one request: tests/test_contract.py has tests of them.
ELSEWHERE = {"token_expired", "csrf_failed", "file_too_large", "too_many_pixels", "quota_exceeded", "throttled"}
# It needs two requests at once: images/tests/uploads/test_resumable.py.
ELSEWHERE |= {"upload_locked"}
OF_BROKEN_SERVERS = {"internal_error", "database_unavailable", "storage_unavailable", "busy"}
# The server answers them before the application sees the request: tests/bad_input/test_raw_http.py.
OF_THE_SERVER = {"request_timeout", "uri_too_long", "expectation_failed", "headers_too_large", "not_implemented"}
OF_ADMIN_PAGES = {"forbidden"}
