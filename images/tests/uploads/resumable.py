"""A client of resumable uploads in this process."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from albums.models import Album
from images.models import Upload
from images.uploads import resumable
from tests.rows import bearer
from tests.tus import BYTES_TYPE, metadata


def begun(album: Album, content: bytes, **fields: Any) -> Upload:
    """An upload of this content, of which nothing has come."""
    return resumable.create(album, **{"length": len(content), "name": "sea.jpg", "metadata": "", **fields})


def again(upload: Upload) -> Upload:
    """As another request finds it."""
    return resumable.find(upload.owner, upload.public_id)


@dataclass
class TusClient:
    """Speaks tus to the API by hand, as this user."""

    user: Any

    def __post_init__(self) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"Tus-Resumable": "1.0.0", **(bearer(self.user) if self.user else {})}

    def ask(self, method: str, path: str, body: bytes = b"", *, kind: str = "", **headers: str) -> Any:
        """A header's name has _ for -; an empty one is left out."""
        named = {**self.headers, **{name.replace("_", "-").title(): value for name, value in headers.items()}}
        sent = {name: value for name, value in named.items() if value}
        return self.http.generic(method, path, body, content_type=kind, headers=sent)

    def create(self, length: int | str, album: Album, body: bytes = b"", **fields: Any) -> Any:
        told = {"filename": "sea.jpg", "album": str(album.public_id), **fields.pop("metadata", {})}
        headers = {"upload_length": str(length), "upload_metadata": metadata(**told), **fields}
        kind = BYTES_TYPE if body else ""
        return self.ask("POST", "/api/v1/uploads/", body, **{"kind": kind, **headers})

    def begin(self, content: bytes, album: Album, **fields: Any) -> str:
        """The address of a new upload."""
        answer = self.create(len(content), album, **fields)
        assert answer.status_code == 201, answer.content
        return str(answer.headers["Location"]).removeprefix("http://testserver")

    def send(self, url: str, offset: int, body: bytes, **headers: Any) -> Any:
        return self.ask("PATCH", url, body, **{"kind": BYTES_TYPE, "upload_offset": str(offset), **headers})

    def head(self, url: str) -> Any:
        return self.ask("HEAD", url)

    def offset(self, url: str) -> int:
        answer = self.head(url)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])
