"""People who use the store's API over HTTP, each from an address of their own."""

import itertools
import os
import time
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.leaks import remember
from tests.servers import Server

PASSWORD = "correct horse battery"
# The longest that a test waits for the store to make or to remove something (seconds).
PATIENCE = 60
# A UUID that no row has.
UNUSED_ID = "01890000-0000-7000-8000-000000000000"

_number = itertools.count(1)


class _From(HTTPAdapter):
    """Connections from one address of this machine: attempts are counted by address."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)


class Person:
    """A signed-up user with a client of the API; paths are below /api/v1/."""

    def __init__(self, server: Server, email: str, address: str) -> None:
        self.server, self.email, self.password = server, email, PASSWORD
        self.base = f"http://127.0.0.1:{server.port}{urlsplit(server.url).path}"
        self.http = requests.Session()
        self.http.mount("http://", _From(address))
        self.http.hooks["response"].append(remember)

    @classmethod
    def sign_up(cls, server: Server, name: str) -> Self:
        """A new account, which is a login too."""
        number = next(_number)
        person = cls(
            server, f"{name}.{os.getpid()}.{number}@example.org", f"127.{number // 250 + 1}.{number % 250}.9"
        )
        answer = person.post("auth/register/", json={"email": person.email, "password": PASSWORD}, expect=201)
        person.use(answer.json()["access"])
        return person

    def log_in(self) -> Self:
        """A new login with e-mail and password."""
        answer = self.post("auth/login/", json={"email": self.email, "password": self.password}, expect=200)
        self.use(answer.json()["access"])
        return self

    def use(self, token: str) -> None:
        self.token = token
        self.http.headers["Authorization"] = f"Bearer {token}"

    def portal(self) -> requests.Session:
        """A session of the pages, signed in with the form."""
        session = requests.Session()
        session.mount("http://", self.http.get_adapter("http://"))
        session.hooks["response"].append(remember)
        endpoint = f"{self.base}/accounts/login/"
        session.get(endpoint, timeout=PATIENCE)
        [token] = [cookie.value for cookie in session.cookies if cookie.name.endswith("csrftoken")]
        form = {"login": self.email, "password": self.password, "csrfmiddlewaretoken": token}
        answer = session.post(endpoint, data=form, timeout=PATIENCE)
        assert answer.url == f"{self.base}/albums/", answer.text[:500]
        return session

    # ---- Any request --------------------------------------------------------------------

    def call(self, method: str, path: str, *, expect: int | None = None, **options: Any) -> requests.Response:
        """`path` below /api/v1/, or from the store's root, or a whole URL; fails unless the status is `expect`."""
        url = path if path.startswith("http") else self.base + (path if path.startswith("/") else f"/api/v1/{path}")
        answer = self.http.request(method, url, timeout=PATIENCE, allow_redirects=False, **options)
        assert expect in (None, answer.status_code), f"{method} {url}: {answer.status_code} {answer.text[:500]}"
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.call("POST", path, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.call("DELETE", path, **options)

    # ---- What people do -----------------------------------------------------------------

    def album(self, title: str = "Summer") -> str:
        """The id of a new album."""
        return str(self.post("albums/", json={"title": title}, expect=201).json()["id"])

    def albums(self) -> list[dict[str, Any]]:
        return self._all("albums/")

    def images(self, album: str) -> list[dict[str, Any]]:
        return self._all(f"albums/{album}/images/")

    def upload(self, album: str, content: bytes, name: str = "photo.jpg", **fields: str) -> requests.Response:
        return self.post(f"albums/{album}/images/", files={"file": (name, content)}, data=fields)

    def bulk(self, album: str, files: Iterable[tuple[str, bytes]]) -> requests.Response:
        return self.post(f"albums/{album}/images/bulk/", files=[("files", file) for file in files])

    def picture(self, album: str, content: bytes, name: str = "photo.jpg") -> dict[str, Any]:
        """An uploaded image, once it is ready."""
        answer = self.upload(album, content, name)
        assert answer.status_code == 201, answer.text
        return self.finished(album, [answer.json()["id"]])[0]

    def finished(self, album: str, ids: list[str]) -> list[dict[str, Any]]:
        """These images of an album, in this order, once none of them is pending any more."""
        deadline = time.monotonic() + PATIENCE
        while self.get(f"albums/{album}/images/?status=pending", expect=200).json()["results"]:
            assert time.monotonic() < deadline, "images are pending for too long"
            time.sleep(0.05)
        found = {image["id"]: image for image in self.images(album)}
        return [found[one] for one in ids]

    def _all(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page = self.get(f"{path}?page_size=200", expect=200).json()
        while True:
            rows += page["results"]
            if page["next"] is None:
                return rows
            page = self.get(page["next"], expect=200).json()
