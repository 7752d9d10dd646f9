"""A client of resumable uploads that never gives up: after an error it asks how far the upload is, and goes on."""

import time
from typing import Any

import requests

from tests.faults.recording_user import RecordingUser, Sent, picture
from tests.faults.store import PATIENCE
from tests.tus import BYTES_TYPE, metadata

PIECES = 3


class ResumingClient:
    """Sends a picture to this album. `acknowledged` is the highest offset that an answer has told."""

    def __init__(self, user: RecordingUser, album: str, content: bytes | None = None) -> None:
        self.user, self.sent = user, Sent(album, picture() if content is None else content)
        self.url, self.acknowledged = "", 0
        self.image = ""

    def run(self) -> str:
        """The id of the image. Each upload that it begins but never hears of is left to expire."""
        deadline = time.monotonic() + PATIENCE
        while not self.image:
            assert time.monotonic() < deadline, "the upload did not end"
            if not self._step():
                self.user.server.stand_up()
        self.user._promised(self.image, self.sent)
        return self.image

    def _step(self) -> bool:
        """False when it got no answer, or that of a store that is out of order."""
        if not self.url:
            return self._create()
        offset = self.offset()
        if offset is None or self.image:
            return offset is not None
        size = len(self.sent.content) // PIECES + 1
        return self._told(self.send(offset, self.sent.content[offset : offset + size]), 204)

    def _create(self) -> bool:
        told = {
            "Upload-Length": str(len(self.sent.content)),
            "Upload-Metadata": metadata(filename="photo.jpg", album=self.sent.album),
        }
        answer = self._ask("POST", "uploads/", told)
        if self._told(answer, 201):
            assert answer is not None
            self.url = answer.headers["Location"].split("/api/v1/")[1]
        return bool(self.url)

    def offset(self) -> int | None:
        answer = self._ask("HEAD", self.url, {})
        if not self._told(answer, 200):
            return None
        assert answer is not None
        return int(answer.headers["Upload-Offset"])

    def send(self, offset: int, body: bytes) -> requests.Response | None:
        headers = {"Upload-Offset": str(offset), "Content-Type": BYTES_TYPE}
        return self._ask("PATCH", self.url, headers, data=body)

    def end(self) -> requests.Response | None:
        return self._ask("DELETE", self.url, {})

    def _told(self, answer: requests.Response | None, expected: int) -> bool:
        if answer is None or answer.status_code == 503:
            return False
        assert answer.status_code == expected, (answer.status_code, answer.text)
        offset = int(answer.headers["Upload-Offset"])
        assert offset >= self.acknowledged, "acknowledged bytes are lost"
        self.acknowledged = offset
        self.image = answer.headers.get("Content-Location", "").rpartition("/images/")[2].strip("/")
        return True

    def _ask(self, method: str, path: str, headers: dict[str, str], **options: Any) -> requests.Response | None:
        return self.user.ask(method, path, headers={"Tus-Resumable": "1.0.0", **headers}, **options)
