"""Odd file names are cleaned and never refused."""

import re
from urllib.parse import quote, unquote

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
    (b'filename="a&amp;b.jpg"', "a&amp;b.jpg"),
    (b'filename="say %22hi%22.jpg"', 'say "hi".jpg'),
    ('filename="Screenshot at 9.41.07\u202fPM.png"'.encode(), "Screenshot at 9.41.07\u202fPM.png"),
    ('filename="👨\u200d👩\u200d👧.JPG"'.encode(), "👨\u200d👩\u200d👧.JPG"),
    ('filename="می\u200cخواهم.heic"'.encode(), "می\u200cخواهم.heic"),
    ('filename="10\u00a0000 km.HIF"'.encode(), "10\u00a0000 km.HIF"),
    (f"filename*=UTF-8''{quote('海' * 251)}.jpg".encode(), "海" * 251 + ".jpg"),
    (f"filename*=UTF-8''{quote('👨‍👩‍👧' * 51)}.jpg".encode(), ("👨‍👩‍👧" * 51)[:251] + ".jpg"),
    ('filename="Möwe été.jpg"'.encode("latin-1"), "Möwe été.jpg"),
    ('filename="épée.jpg"'.encode("latin-1"), "épée.jpg"),
    ('filename="Mum’s.jpg"'.encode("cp1252"), "Mum’s.jpg"),
    ('filename="テスト写真.jpg"'.encode("shift_jis"), "テスト写真.jpg"),
    ('filename="表示.jpg"'.encode("shift_jis"), "表示.jpg"),
    (b'filename="\xff\xfe.jpg"', "ÿþ.jpg"),
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
        stem, _, ending = cleaned.rpartition(".")
        is_picture = ending.lower() in ("jpg", "jpeg", "png", "heic", "hif")
        if saved_as(download.headers["Content-Disposition"]) != (
            cleaned if is_picture else f"{stem or cleaned}.jpg"
        ):
            wrong[filename] = download.headers["Content-Disposition"]
    assert wrong == {}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("name", [b"", b".", b"..", b"/"])
def test_a_part_whose_name_is_none_is_no_file(alice: Person, album: str, name: bytes) -> None:
    """How browsers say that no file was chosen."""
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


def test_one_file_has_one_name_by_every_way_in(alice: Person) -> None:
    name = "Screenshot 9.41\u202fPM 👨\u200d👩\u200d👧 M\u00f6we & 写真.JPG"
    names = []
    for way in ("form", "api", "bulk"):
        album = alice.album(way)
        if way == "form":
            session = alice.portal()
            form = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
            session.post(f"{alice.base}/albums/{album}/upload/", data=form, files={"files": (name, GOOD)})
        elif way == "api":
            alice.upload(album, GOOD, name)
        else:
            alice.bulk(album, [(name, GOOD)])
        names += [image["name"] for image in alice.images(album)]
    assert names == [name] * 3


def test_a_head_of_a_part_without_end_is_refused(alice: Person, album: str) -> None:
    for filename in (b'filename="' + b"x" * 9000 + b'"', b'filename="' + b";" * 600 + b'"'):
        body = part(b"", GOOD, filename=filename) + CLOSING
        answer = send(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
        assert answer is not None
        assert (answer.status, answer.problem()["code"]) == (400, "parse_error")
