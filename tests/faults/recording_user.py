"""Users who record each answer of the store, so that invariants.py can compare the store with the record."""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from images.tests.pictures import jpeg_bytes
from tests.faults.counts import count
from tests.faults.store import Store
from tests.people import Person

# An answer is due within this, whatever happens: what a request may take, with threefold slack (seconds).
DUE = 45


def picture(width: int = 64, height: int = 48) -> bytes:
    """No two of them have the same bytes."""
    token = secrets.token_bytes(8)
    return jpeg_bytes(width, height, color=tuple(token[:3]), comment=token.hex().encode())


def heavy_picture() -> bytes:
    """One that is in work for a while (12 MP)."""
    return picture(4000, 3000)


@dataclass(frozen=True)
class Sent:
    album: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Record:
    """What the answers say of each upload and deletion: it must be there, must be gone, or may be either."""

    stored: dict[str, Sent] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unknown: list[Sent] = field(default_factory=list)
    maybe_gone: set[str] = field(default_factory=set)
    refused: list[Sent] = field(default_factory=list)
    # SHA-256 of what may end FAILED: its pixels are damaged, or its children were killed.
    may_fail: set[str] = field(default_factory=set)
    # Answers that must never be: 500, or too late.
    wrong_answers: list[str] = field(default_factory=list)
    account_is_gone: bool = False


class RecordingUser(Person):
    """Checks each answer, and counts a request without an answer as of unknown end."""

    server: Store
    record: Record

    @classmethod
    def sign_up(cls, server: Store, name: str) -> Self:  # type: ignore[override]
        user = super().sign_up(server, name)
        user.record = Record()
        # A connection kept alive would outlive the server it was made to.
        user.http.headers["Connection"] = "close"
        return user

    def ask(self, method: str, path: str, *, due: float = DUE, **options: Any) -> requests.Response | None:
        """The checked answer (I9); None when none came."""
        started = time.monotonic()
        try:
            answer = self.http.request(method, f"{self.base}/api/v1/{path}", timeout=(due, due), **options)
        except requests.Timeout:
            self.record.wrong_answers.append(f"{method} {path}: silence for {due} s")
            return None
        except requests.RequestException:
            return None
        seconds = time.monotonic() - started
        if answer.status_code >= 500 and answer.status_code != 503:
            self.record.wrong_answers.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            self.record.wrong_answers.append(f"{method} {path}: 503 without Retry-After")
        if seconds > due:
            self.record.wrong_answers.append(f"{method} {path}: {answer.status_code} after {seconds:.0f} s")
        return answer

    # ---- Uploads ------------------------------------------------------------------------------

    def send(self, album: str, content: bytes | None = None, **options: Any) -> requests.Response | None:
        sent = Sent(album, picture() if content is None else content)
        files = {"file": ("photo.jpg", sent.content)}
        count("uploads tried")
        answer = self.ask("POST", f"albums/{album}/images/", files=files, **options)
        if answer is None or answer.status_code >= 500:
            count("uploads of unknown end")
            self.record.unknown.append(sent)
        elif answer.status_code in (200, 201):
            self._promised(answer.json()["id"], sent)
        else:
            self.record.refused.append(sent)
        return answer

    def store_image(self, album: str, content: bytes | None = None) -> str:
        """The id of an upload that must succeed."""
        answer = self.send(album, content)
        assert answer is not None, "no answer"
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    def send_many(self, album: str, contents: Iterable[bytes], threads: int = 8) -> list[requests.Response | None]:
        return at_once([lambda content=content: self.send(album, content) for content in contents], threads)

    def _promised(self, image: str, sent: Sent) -> None:
        count("uploads acknowledged")
        self.record.stored[image] = sent
        self.record.maybe_gone.discard(image)

    def repeat_unknown(self) -> None:
        """What a client does that got an error: send the same bytes again (I10)."""
        again, self.record.unknown = self.record.unknown, []
        for sent in again:
            answer = self.send(sent.album, sent.content)
            assert answer is not None, "no answer to a repeated upload"
            assert answer.status_code in (200, 201, 404), answer.text

    # ---- Deletes ------------------------------------------------------------------------------

    def erase(self, image: str) -> requests.Response | None:
        """Delete for ever."""
        return self._erase(f"images/{image}/?permanent=true", {image})

    def erase_album(self, album: str) -> requests.Response | None:
        return self._erase(f"albums/{album}/?permanent=true", self.images_stored_in(album))

    def erase_account(self) -> requests.Response | None:
        answer = self._erase("users/me/delete/", set(self.record.stored), "POST", json={"password": self.password})
        self.record.account_is_gone = answer is not None and answer.status_code == 204
        return answer

    def images_stored_in(self, album: str) -> set[str]:
        return {image for image, sent in self.record.stored.items() if sent.album == album}

    def _erase(
        self, path: str, images: set[str], method: str = "DELETE", **options: Any
    ) -> requests.Response | None:
        count("deletes tried")
        answer = self.ask(method, path, **options)
        if answer is None or answer.status_code >= 500:
            self.record.maybe_gone |= images
        elif answer.status_code == 204:
            count("deletes acknowledged")
            self.record.gone |= images
            self.record.maybe_gone -= images
            for image in images:
                self.record.stored.pop(image, None)
        return answer

    # ---- Looks --------------------------------------------------------------------------------

    def state_of(self, image: str) -> dict[str, Any]:
        return dict(self.get(f"images/{image}/", expect=200).json())

    def wait_until_made(self, image: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (state := self.state_of(image))["status"] == "pending":
            assert time.monotonic() < deadline, f"{image} is pending after {seconds} s"
            time.sleep(0.03)
        return state


def through(person: RecordingUser, server: Store) -> RecordingUser:
    """The same person, who sends requests to another server."""
    other = RecordingUser(server, person.email, "127.0.0.1")
    other.use(person.token)
    other.http.headers["Connection"] = "close"
    other.record = person.record
    return other


def at_once(works: list[Callable[[], Any]], threads: int = 8) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]
