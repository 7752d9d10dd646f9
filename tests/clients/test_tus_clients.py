"""Foreign clients of tus upload a file in pieces, and go on after a break."""

import io
import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from images.tests.pictures import jpeg_bytes
from tests.people import Person
from tests.servers import ROOT

HERE = Path(__file__).parent
TOO_LONG_SECONDS = 120


def large_photo() -> bytes:
    """1 MiB behind the picture's end."""
    return jpeg_bytes(64, 48) + secrets.token_bytes(2**20)


def assert_stored(person: Person, album: str, content: bytes, name: str) -> dict[str, Any]:
    [image] = person.images(album)
    assert (image["name"], image["bytes"]) == (name, len(content))
    assert person.get(f"images/{image['id']}/file/").content == content
    return image


# ---- tuspy --------------------------------------------------------------------------------------


def tuspy(person: Person) -> TusClient:
    return TusClient(f"{person.base}/api/v1/uploads/", headers={"Authorization": f"Bearer {person.token}"})


@pytest.mark.parametrize("upload_checksum", [False, True])
def test_tuspy_uploads_in_pieces_and_goes_on(alice: Person, upload_checksum: bool) -> None:
    album, content = alice.album(), large_photo()
    options = {"file_stream": io.BytesIO(content), "chunk_size": 300_000, "upload_checksum": upload_checksum}
    first = tuspy(alice).uploader(metadata={"filename": "sea.jpg", "album": album}, **options)
    first.upload_chunk()
    then = tuspy(alice).uploader(url=first.url, **options)
    assert then.offset == 300_000
    then.upload()
    image = assert_stored(alice, album, content, "sea.jpg")
    assert then.request.response_headers["content-location"].endswith(f"/api/v1/images/{image['id']}/")


def test_tuspy_is_told_why_a_file_is_refused(alice: Person) -> None:
    upload = tuspy(alice).uploader(
        file_stream=io.BytesIO(b"only text"), metadata={"filename": "notes.txt", "album": alice.album()}
    )
    with pytest.raises(TusCommunicationError) as refused:
        upload.upload()
    assert refused.value.status_code == 415
    assert json.loads(refused.value.response_content)["code"] == "unsupported_format"


# ---- tus-js-client ------------------------------------------------------------------------------


def tus_js(person: Person, album: str, content: bytes, folder: Path, **options: Any) -> dict[str, Any]:
    file = folder / "photo.jpg"
    file.write_bytes(content)
    command = ["node", HERE / "tus.js", person.base, person.token, album, file, json.dumps(options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TOO_LONG_SECONDS)
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize(
    "options",
    [{}, {"chunkSize": 200_000}, {"uploadDataDuringCreation": True}, {"chunkSize": 200_000, "abortAfter": 500_000}],
    ids=["at once", "in pieces", "with the creation", "aborted"],
)
def test_tus_js_client_uploads(alice: Person, tmp_path: Path, options: dict[str, Any]) -> None:
    album, content = alice.album(), large_photo()
    said = tus_js(alice, album, content, tmp_path, **options)
    image = assert_stored(alice, album, content, "Meer é.jpg")
    assert said["image"] == f"/api/v1/images/{image['id']}/"
    # At most the piece that was under way is sent again.
    assert said["resumedAt"] >= options.get("abortAfter", 0) - options.get("chunkSize", 0)


def test_tus_js_client_is_done_at_once_with_what_the_album_has(alice: Person, tmp_path: Path) -> None:
    album, content = alice.album(), large_photo()
    image = alice.upload(album, content, "Meer é.jpg").json()
    metadata = {"filename": "Meer é.jpg", "album": album, "sha256": image["sha256"]}
    said = tus_js(alice, album, content, tmp_path, metadata=metadata)
    assert said["image"] == f"/api/v1/images/{image['id']}/"
    assert_stored(alice, album, content, "Meer é.jpg")
