"""Makes the stores that the previous release leaves: `python -m tests.upgrades.make_stores FOLDER`.

FOLDER is a fresh clone of this repository at `previous.COMMIT` in which `deploy/setup.sh` has run, so that code and
packages are those of that release. Its server runs for real, on SQLite and on MariaDB; people use it, and then
it is killed in the middle of an upload, a render and a deletion.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

import conftest  # noqa: F401 - first: it sets the keys that the helpers' imports need
from images.tests import pictures
from tests.faults.store import wait_for
from tests.mariadb import MariaDB, fresh_schema
from tests.people import PASSWORD, Person
from tests.upgrades.previous import PreviousServer, pack, person

ALBUM_FACTS = ("id", "title", "description", "image_count", "bytes")
IMAGE_FACTS = (
    "id", "album", "name", "caption", "content_type", "bytes", "width", "height", "sha256", "status",
)  # fmt: skip


def main(code: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(make_store(code, Path(folder, "sqlite"), ""))
        with MariaDB() as mariadb, fresh_schema(mariadb.url) as database_url:
            print(make_store(code, Path(folder, "mysql"), database_url))


def make_store(code: Path, folder: Path, database_url: str) -> Path:
    server = PreviousServer(folder, code, str(code / ".venv" / "bin" / "python"), database_url)
    server.start()
    try:
        make_operator(server)
        alice, bob = sign_up(server, "alice"), sign_up(server, "bob")
        live_on(alice, bob)
        unfinished = break_off(server, alice)
        said = {"alice": what_it_says(alice), "bob": what_it_says(bob), **unfinished}
    finally:
        server.kill()
    return pack(server.data, database_url, said)


def make_operator(server: PreviousServer) -> None:
    [python, *_] = server.command()
    subprocess.run(
        [python, "manage.py", "createsuperuser", "--no-input", "--email=root@example.org"],
        cwd=server.root,
        env={**server.environment(), "DJANGO_SUPERUSER_PASSWORD": PASSWORD},
        check=True,
    )


def sign_up(server: PreviousServer, name: str) -> Person:
    new = person(server, name)
    answer = new.post("auth/register/", json={"email": new.email, "password": PASSWORD}, expect=201)
    new.use(answer.json()["access"])
    return new


def live_on(alice: Person, bob: Person) -> None:
    """Albums and images in each state in which they may rest."""
    summer = alice.album("Sommer & Meer")
    taken = pictures.exif_bytes(orientation=6, make="Canon", model="EOS 5D", taken="2019:07:14 18:30:05")
    photo = alice.picture(summer, pictures.saved(pictures.quarters(900, 600), "JPEG", exif=taken), "IMG_2.jpg")
    alice.picture(summer, pictures.alpha_png_bytes(320, 200), "Logo.png")
    alice.picture(summer, pictures.heic_bytes(400, 300), "IMG_10.heic")
    alice.picture(summer, pictures.webp_bytes(50, 40), "Überfahrt.webp")
    alice.call("PATCH", f"images/{photo['id']}/", json={"caption": "Ein Leuchtturm\nam Abend"}, expect=200)
    alice.call("PATCH", f"albums/{summer}/", json={"cover": photo["id"], "description": "Ostsee"}, expect=200)
    broken = pictures.png_bytes(300, 200)
    alice.picture(summer, broken[: len(broken) // 2] + b"broken" + broken[len(broken) // 2 :], "Kaputt.png")
    thrown_away = alice.picture(summer, pictures.jpeg_bytes(80, 60, pictures.BLUE), "Weg.jpg")
    alice.delete(f"images/{thrown_away['id']}/", expect=204)
    gone = alice.album("Verworfen")
    alice.picture(gone, pictures.jpeg_bytes(90, 60, pictures.GREEN), "Mit.jpg")
    alice.delete(f"albums/{gone}/", expect=204)
    alice.album("Leer")
    bob.picture(bob.album("Bob’s"), pictures.webp_bytes(50, 40), "wie bei Alice.webp")


def break_off(server: PreviousServer, alice: Person) -> dict[str, list[str]]:
    """Leave a render, two deletions and an upload unfinished. Returns ids."""
    begun, doomed_album = alice.album("Angefangen"), alice.album("Für immer weg")
    doomed = alice.picture(begun, pictures.jpeg_bytes(70, 70))["id"]
    doomed_with_album = alice.picture(doomed_album, pictures.jpeg_bytes(70, 71))["id"]
    hold(server, "images.rendering.queue:claim_next:after")
    claimed = alice.upload(begun, pictures.jpeg_bytes(1200, 900), "In Arbeit.jpg").json()["id"]
    wait_until_held(server)
    waiting = alice.upload(begun, pictures.jpeg_bytes(1200, 901), "Wartet.jpg").json()["id"]
    hold(server, "images.deletion.removal:remove_files:before")
    alice.delete(f"images/{doomed}/?permanent=true", expect=204)
    wait_until_held(server)
    alice.delete(f"albums/{doomed_album}/?permanent=true", expect=204)
    hold(server, "images.uploads.reception:begin:after")
    threading.Thread(target=send_without_answer, args=(alice, begun), daemon=True).start()
    wait_until_held(server)
    return {"unfinished": [claimed, waiting], "doomed": [doomed, doomed_with_album]}


def hold(server: PreviousServer, where: str) -> None:
    """What passes there next waits until the server is killed. (`arm` would let go what waits already.)"""
    order = {"where": where, "nth": 1, "action": "pause", "nonce": where}
    (server.stops / "draft").write_text(json.dumps(order))
    (server.stops / "draft").rename(server.stops / "armed")


def wait_until_held(server: PreviousServer) -> None:
    wait_for(lambda: not (server.stops / "armed").exists(), "a passage")


def send_without_answer(alice: Person, album: str) -> None:
    with suppress(requests.RequestException):
        alice.upload(album, pictures.jpeg_bytes(60, 61), "Kam nie an.jpg")


def what_it_says(person: Person) -> dict[str, Any]:
    """What the store tells of somebody's albums, images and trash."""
    albums = person.albums()
    images = [image for album in albums for image in person.images(album["id"])]
    for image in images:
        original = person.get(image["original"]["url"], expect=200).content
        assert hashlib.sha256(original).hexdigest() == image["sha256"]
    return {
        "albums": [{key: album[key] for key in ALBUM_FACTS} for album in albums],
        "covers": [album["cover"] and album["cover"]["id"] for album in albums],
        "images": [{key: image[key] for key in IMAGE_FACTS} for image in images],
        "trash": [entry["id"] for entry in person.get("trash/", expect=200).json()["results"]],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
