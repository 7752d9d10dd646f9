"""Odd file names are cleaned and never refused."""

import re
from urllib.parse import unquote

import pytest

from images.tests.pictures import jpeg_bytes
from tests.bad_input.samples import GOOD
from tests.people import Person
from tests.raw_http import CLOSING, part, send, upload_head

NAMES: list[tuple[bytes, str]] = [
    (b'filename="../x.jpg"', "x.jpg"),
    (b'filename="..\\x.jpg"', "x.jpg"),
    (b'filename="/etc/passwd"', "passwd"),
    (b'filename="C:\\Users\\a\\x.jpg"', "x.jpg"),
    (b'filename="%2e%2e%2fx.jpg"', "%2e%2e%2fx.jpg"),
    (b'filename="a\0b.jpg"', "ab.jpg"),
    (b"filename*=UTF-8''a%00b.jpg", "ab.jpg"),
    ('filename="exe\u202egpj.jpg"'.encode(), "exegpj.jpg"),
    (b'filename="' + b"x" * 296 + b'.jpg"', "x" * 251 + ".jpg"),
    (('filename="' + "ü" * 300 + '.jpeg"').encode(), "ü" * 250 + ".jpeg"),
    (('filename="' + "海" * 255 + '.jpg"').encode(), "海" * 251 + ".jpg"),
    (b'filename="a%0D%0Ab.jpg"', "a%0D%0Ab.jpg"),
    (b"filename*=UTF-8''a%0D%0AX-Evil%3A%201.jpg", "aX-Evil: 1.jpg"),
    (b'filename="say \\"hi\\".jpg"', 'say "hi".jpg'),
    ('filename="Möwe 🌊 “am” Meer.jpg"'.encode(), "Möwe 🌊 “am” Meer.jpg"),
    (b"filename*=UTF-8''M%C3%B6we.jpg", "Möwe.jpg"),
    (b'filename="x.jpg.php"', "x.jpg.php"),
    (b'filename=".htaccess"', "htaccess"),
    (b'filename="<script>alert(1)</script>.jpg"', "script>.jpg"),
    (b'filename="..."', "image"),
    (b'filename="noending"', "noending"),
    (b'filename="CON.jpg"', "CON.jpg"),
    (b'filename="; rm -rf x.jpg"', "; rm -rf x.jpg"),
]  # fmt: skip


def saved_as(disposition: str) -> str:
    """The name under which a browser saves it (RFC 6266, RFC 8187)."""
    kind, _, rest = disposition.partition("; ")
    assert kind == "attachment"
    assert disposition.isascii()
    assert disposition.isprintable()
    if found := re.fullmatch(r"filename\*=utf-8''([^;\s]+)", rest):
        return unquote(found[1])
    found = re.fullmatch(r'filename="((?:[^"\\]|\\.)*)"', rest)
    assert found, disposition
    return re.sub(r"\\(.)", r"\1", found[1])


def test_odd_names_are_cleaned_and_never_refused(alice: Person, album: str) -> None:
    wrong = {}
    for number, (filename, cleaned) in enumerate(NAMES):
        body = part(b"", jpeg_bytes(20 + number, 20), filename=filename) + CLOSING
        answer = send(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
        assert answer is not None
        if answer.status != 201 or answer.problem()["name"] != cleaned:
            wrong[filename] = (answer.status, answer.problem().get("name", answer.problem()))
            continue
        download = alice.get(f"images/{answer.problem()['id']}/file/?download=1", expect=200)
        stem = cleaned.rpartition(".")[0] or cleaned
        if saved_as(download.headers["Content-Disposition"]) != f"{stem}.jpg":
            wrong[filename] = download.headers["Content-Disposition"]
    assert wrong == {}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("name", [b"", b".", b"..", b"/", b"\xff\xfe.jpg"])
def test_a_part_whose_name_is_none_is_no_file(alice: Person, album: str, name: bytes) -> None:
    """How browsers say that no file was chosen; Django's parser takes names that are no UTF-8 alike."""
    body = part(name, GOOD) + CLOSING
    answer = send(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
    assert answer is not None
    assert (answer.status, list(answer.problem()["errors"])) == (400, ["file"])


def test_a_new_name_is_cleaned_the_same_way(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    names = {
        "../../x.jpg": "x.jpg",
        "a\u202eb\r\n.jpg": "ab.jpg",
        "x" * 400 + ".jpg": "x" * 251 + ".jpg",
        "...": "image",
    }
    given = {
        name: alice.call("PATCH", f"images/{image}/", json={"name": name}, expect=200).json()["name"]
        for name in names
    }
    assert given == names
