"""Each sentence of images.processing is found again, so that it can be translated."""

import inspect
import re

import pytest
from django.utils import translation

from images.processing import child, decoding, errors, foreign, jxl, probe, raw, tiff, truncated
from images.processing.results import Limits
from images.rendering import sentences, variants
from images.rendering.sentences import KINDS, SENTENCES, translated

OF_FOREIGN = {*foreign._NAMES.values(), *foreign._RIFF.values(), *foreign._BRANDS.values()}
JPEGS = {foreign._kind_of_jpeg(marker, bits, 3) for marker in (0xC1, 0xC3, 0xC5, 0xF7) for bits in (8, 12)} - {""}
OTHERS = {
    foreign._kind_of_jpeg(0xC0, 8, 2),
    *(foreign._name(head) for head in (b"<svg", b"\0\0\0\x18ftypmif1", b"\0\0\0\x18ftypxxxx", b"\0\0\0\x18moov")),
}
TOO_MANY_PIXELS = f"This picture has more pixels than {decoding._limit_text(Limits(max_pixels=178_956_970))}."
MADE = (
    *(kind.detail for kind in (errors.ProcessingError, *errors.BY_CODE.values())),
    errors.Crashed.killed,
    *(foreign.unsupported_kind(name).detail for name in sorted(OF_FOREIGN | JPEGS | OTHERS)),
    TOO_MANY_PIXELS,
    f"This picture has 20000 × 30000 pixels, more than {decoding._limit_text(Limits())}.",
    probe._TOO_MANY_SCANS,
    probe._TOO_MANY_CHUNKS,
    raw._NO_PREVIEW,
    tiff._UNREAD_COMPRESSION,
    truncated.damage(0.9).detail,
    truncated.damage(1.0).detail,
)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which each text that is marked stands in brackets."""
    monkeypatch.setattr(sentences, "gettext", lambda text: f"[{text}]")


@pytest.mark.parametrize("sentence", MADE)
def test_every_sentence_of_processing_is_known_and_english_stays_as_it_is(sentence: str) -> None:
    assert translated(sentence) == sentence
    assert any(pattern.fullmatch(sentence) for pattern in sentences._PATTERNS.values())


@pytest.mark.usefixtures("marked")
def test_the_kind_of_a_file_is_translated_within_its_sentence() -> None:
    sentence = translated(foreign.unsupported_kind("a JPEG of 12 bits").detail)
    assert sentence.startswith("[This file is [a JPEG of 12 bits], which we cannot read. We take JPEG")


def test_numbers_are_written_as_in_the_language() -> None:
    with translation.override("de"):
        assert "178,957" in translated(TOO_MANY_PIXELS)
        assert "100.000" in translated(probe._TOO_MANY_CHUNKS)


def test_what_another_version_has_stored_is_shown_as_it_is() -> None:
    assert translated("The picture is cut off, 100 % sure: %(x)s.") == "The picture is cut off, 100 % sure: %(x)s."
    assert translated("") == ""


def test_nothing_is_listed_that_processing_does_not_say() -> None:
    """Sentences that raise where they stand are looked up in the source."""
    source = "".join(inspect.getsource(module) for module in (child, decoding, errors, jxl, truncated, variants))
    said = [sentence for sentence in SENTENCES if not any(map(sentences._PATTERNS[sentence].fullmatch, MADE))]
    unsaid = [sentence for sentence in said if re.split(r"%\(\w+\)s", sentence)[0] not in source]
    assert unsaid == []
    assert {kind for kind in KINDS if "%" not in kind} <= OF_FOREIGN | JPEGS | OTHERS | {
        "a RAW picture of another maker"
    }
