"""Clients download an album as one ZIP over HTTP, in pieces."""

import io
import random
import subprocess
import zipfile
from pathlib import Path

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import PATIENCE, Person

pytestmark = pytest.mark.slow

SEED = 20261127


@pytest.fixture
def album(alice: Person) -> str:
    made = alice.album("Sommer & Meer")
    for number in range(3):
        content = jpeg_bytes(100 + number, 80) + random.Random(SEED + number).randbytes(700_000)
        alice.picture(made, content, "Bild.jpg")
    return made


def test_a_download_manager_that_breaks_off_anywhere_gets_the_same_file(alice: Person, album: str) -> None:
    path = f"albums/{album}/archive/"
    whole = alice.get(path, expect=200)
    length = alice.call("HEAD", path, expect=200).headers["Content-Length"]
    assert length == whole.headers["Content-Length"] == str(len(whole.content))
    chance = random.Random(SEED)
    got, answers = b"", 0
    while len(got) < len(whole.content):
        headers = {"Range": f"bytes={len(got)}-", "If-Range": whole.headers["ETag"]} if got else {}
        with alice.get(path, headers=headers, stream=True, expect=206 if got else 200) as answer:
            got += answer.raw.read(chance.choice([1, 30, 1000, 100_000, 500_000, 900_000]))
        answers += 1
    assert got == whole.content
    assert answers > 3
    with zipfile.ZipFile(io.BytesIO(got)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["Bild.jpg", "Bild (2).jpg", "Bild (3).jpg"]


def test_curl_names_the_file_and_goes_on_with_it(alice: Person, album: str, tmp_path: Path) -> None:
    url = f"{alice.base}/api/v1/albums/{album}/archive/"
    login = f"Authorization: Bearer {alice.token}"
    options = {"cwd": tmp_path, "check": True, "timeout": PATIENCE, "capture_output": True}
    subprocess.run(["curl", "-sSfOJ", url, "-H", login], **options)  # type: ignore[call-overload]
    [saved] = tmp_path.iterdir()
    assert saved.name == "Sommer & Meer.zip"
    whole = saved.read_bytes()
    saved.write_bytes(whole[:1_000_001])
    subprocess.run(["curl", "-sSf", "-C", "-", "-o", saved.name, url, "-H", login], **options)  # type: ignore[call-overload]
    assert saved.read_bytes() == whole
    tested = subprocess.run(["unzip", "-t", saved.name], **options)  # type: ignore[call-overload]
    assert b"No errors detected" in tested.stdout
