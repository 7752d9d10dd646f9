"""Real photos and odd files from many programs, through the running server."""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image

from images.processing.sizes import SIZES
from images.tests.corpus import CORPUS, Sample, needs_corpus, samples
from tests.people import PATIENCE, Person
from tests.servers import Server

pillow_heif.register_heif_opener()
pytestmark = [needs_corpus, pytest.mark.filterwarnings("ignore")]

BATCH = 60
# The formats that are taken, by their content (each one's own specification).
MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|....ftyp(avif|avis|heic|heix|mif1|msf1)"
    rb"|II[*+]\0|MM\0[*+]|BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    re.DOTALL,
)
# Broken by the words of where they are from; they may end either way, but not as READY and wrong.
BROKEN = {"odd/pillow__syntax_num_frames_zero.png"}

Outcome = dict[str, dict[str, Any]]


def is_allowed(sample: Sample) -> bool:
    with sample.path.open("rb") as file:
        return bool(MAGIC.match(file.read(32)))


def is_good(sample: Sample) -> bool:
    """A format of the list that the manifest accepts. Where it lets a store refuse, this one does not."""
    accepted = "accept" in sample.expected and "reject" not in sample.expected
    return is_allowed(sample) and accepted and sample.name not in BROKEN


PHOTOS, ODD, HOSTILE = samples("photos"), samples("odd"), samples("hostile")


def sent(person: Person, found: Iterable[Sample]) -> dict[str, dict[str, Any]]:
    """What the bulk endpoint answers for each file, by its name in the corpus."""
    album, rest, said = person.album("Corpus"), list(found), {}
    while rest:
        some, rest = rest[:BATCH], rest[BATCH:]
        answer = person.bulk(album, [(sample.path.name, sample.path.read_bytes()) for sample in some])
        assert answer.status_code == 207, answer.text
        said |= dict(zip([sample.name for sample in some], answer.json()["results"], strict=True))
    person.finished(album, [])
    finished = {image["id"]: image for image in person.images(album)}
    return {name: {**r, "image": finished[r["image"]["id"]]} if "image" in r else r for name, r in said.items()}


@pytest.fixture(scope="module")
def carol(server: Server) -> Person:
    return Person.sign_up(server, "carol")


@pytest.fixture(scope="module")
def outcomes(carol: Person) -> Outcome:
    """All photos and odd files, sent once for all tests here."""
    return sent(carol, [*PHOTOS, *ODD])


def upright_size(sample: Sample) -> tuple[int, int]:
    """By Pillow's reading of the header and the Exif orientation (tag 0x0112), without our code."""
    with Image.open(sample.path) as picture:
        width, height = picture.size
        sideways = picture.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return (height, width) if sideways else (width, height)


def bytes_of(person: Person, image: dict[str, Any], size: str) -> bytes:
    return person.http.get(image["variants"][size]["url"], headers={"Authorization": ""}, timeout=PATIENCE).content


def test_good_files_become_ready_in_their_upright_size(outcomes: Outcome) -> None:
    good = [sample for sample in [*PHOTOS, *ODD] if is_good(sample)]
    assert (len(PHOTOS), len([sample for sample in good if sample in PHOTOS])) == (55, 55)
    assert len(good) > 380
    wrong = {}
    for sample in good:
        image = outcomes[sample.name].get("image") or {"status": outcomes[sample.name]["problem"]["code"]}
        found = (image["status"], image.get("width"), image.get("height"))
        if found != ("ready", *upright_size(sample)):
            wrong[sample.name] = (found, upright_size(sample))
    assert wrong == {}


def test_every_accepted_file_ends_ready_or_failed_with_a_reason(outcomes: Outcome) -> None:
    images = [outcome["image"] for outcome in outcomes.values() if "image" in outcome]
    assert {image["status"] for image in images} <= {"ready", "failed"}
    failed = [image for image in images if image["status"] == "failed"]
    assert [image["name"] for image in failed if not image["error"]["detail"]] == []
    assert len(failed) < 20


def test_formats_that_are_not_on_the_list_are_415(outcomes: Outcome) -> None:
    """JPEG 2000, ICO, SVG, …: told by content, whatever the name."""
    others = [sample for sample in ODD if not is_allowed(sample)]
    assert len(others) > 5
    found = {sample.name: outcomes[sample.name].get("problem", {}).get("code") for sample in others}
    assert found == {sample.name: "unsupported_format" for sample in others}


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("odd/gen__jpeg_named.png", "image/jpeg"),
        ("odd/gen__webp_named.jpg", "image/webp"),
        ("odd/gen__noext", None),
        ("odd/pillow__frame_size.mpo", "image/jpeg"),
        ("photos/test-assets__IMG_2682.heic", "image/heic"),
        ("photos/test-assets__10bit-HDR-P3-nclx.avif", "image/avif"),
    ],
)
def test_the_type_comes_from_the_content(
    carol: Person, outcomes: Outcome, name: str, content_type: str | None
) -> None:
    image = outcomes[name]["image"]
    answer = carol.get(f"images/{image['id']}/file/", expect=200)
    assert answer.content == (CORPUS / name).read_bytes()
    assert answer.headers["Content-Type"] == image["content_type"]
    assert content_type in (None, image["content_type"])


@pytest.mark.parametrize("what", ["Landscape", "Portrait"])
def test_the_exif_orientations_look_alike(carol: Person, outcomes: Outcome, what: str) -> None:
    """Their medium sizes differ by the JPEG's noise only; a wrong turn or mirror differs by about 70 of 255."""
    names = [s.name for s in PHOTOS if re.search(rf"{what}_[1-8]\.jpg", s.name)]
    assert len(names) == {"Landscape": 8, "Portrait": 3}[what]
    upright = []
    for name in names:
        with Image.open(BytesIO(bytes_of(carol, outcomes[name]["image"], "medium"))) as picture:
            upright.append(np.asarray(picture.convert("RGB").reduce(8), dtype=float))
    first, *others = upright
    assert {picture.shape for picture in others} == {first.shape}
    assert max(float(np.abs(picture - first).mean()) for picture in others) < 3
    assert (
        min(float(np.abs(turned - first).mean()) for turned in (first[::-1], first[:, ::-1], first[::-1, ::-1]))
        > 20
    )


# ---- What derivatives must not tell ------------------------------------------------------------

TRACES = [
    b"Exif\0",
    b"http://ns.adobe.com/",
    b"Photoshop 3.0",
    b"<x:xmpmeta",
    b"GPS",
    b"ICC_PROFILE",
    b"iCCP",
    b"eXIf",
    b"tEXt",
]
SECRETS = (ExifTags.Base.BodySerialNumber, ExifTags.Base.LensSerialNumber, ExifTags.Base.CameraOwnerName,
           ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Artist,
           ExifTags.Base.ImageDescription)  # fmt: skip


def secrets_of(sample: Sample) -> list[bytes]:
    """Texts from the file's own Exif that could tell whose camera it was."""
    with Image.open(sample.path) as picture:
        exif = picture.getexif()
        values = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    texts = [str(values[tag]).strip("\0 ") for tag in SECRETS if tag in values]
    return [text.encode() for text in texts if len(text) > 4]


def has_gps(sample: Sample) -> bool:
    with Image.open(sample.path) as picture:
        return bool(picture.getexif().get_ifd(ExifTags.IFD.GPSInfo))


def test_no_derivative_tells_where_or_with_what_it_was_taken(carol: Person, outcomes: Outcome) -> None:
    telling = [s for s in [*PHOTOS, *ODD] if is_good(s) and (secrets_of(s) or has_gps(s))]
    assert len(telling) > 30
    assert sum(has_gps(sample) for sample in telling) > 5
    told = {}
    for sample in telling:
        for size in SIZES:
            content = bytes_of(carol, outcomes[sample.name]["image"], size)
            found = [trace for trace in [*TRACES, *secrets_of(sample)] if trace in content]
            with Image.open(BytesIO(content)) as picture:
                if found or picture.getexif() or {"exif", "xmp", "comment", "icc_profile"} & set(picture.info):
                    told[sample.name, size] = (found, sorted(picture.info))
    assert told == {}


def test_the_api_tells_no_place(outcomes: Outcome) -> None:
    image = outcomes["odd/gen__gps_berlin.jpg"]["image"]
    assert has_gps(Sample("odd/gen__gps_berlin.jpg", ""))
    assert not re.search(
        r"gps|latitude|longitude|52\.5|13\.4", str({**image, "name": "", "variants": ""}), re.IGNORECASE
    )
