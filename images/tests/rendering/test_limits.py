"""What children may use and do, and what the start says when a machine cannot confine them."""

import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from deploy import serve
from images import engine
from images.models import Image
from images.processing import Limits, sandbox
from images.rendering.limits import check_sandbox, limits, render_limits

MB = 10**6


@pytest.mark.parametrize(
    ("content_type", "size", "megabytes", "seconds"),
    [
        # Bombs: few pixels or few bytes.
        ("image/jpeg", (64, 48), 0.4, 3),
        ("image/png", (8, 1), 0.1, 3),
        ("image/heic", (100, 100), 0.4, 3),
        ("image/jpeg", (10_000, 10_000), 0.6, 15),
        # A phone's picture at the best quality: four times what such noise was seen to take.
        ("image/jpeg", (4000, 3000), 28.5, 7),
        ("image/png", (4000, 3000), 48, 10),
        ("image/gif", (4000, 3000), 16, 4),
        ("image/webp", (4000, 3000), 21, 11),
        ("image/avif", (4000, 3000), 36.5, 19),
        ("image/heic", (4000, 3000), 21, 14),
        # The largest that may be: the setting.
        ("image/avif", (10_000, 10_000), 100, 60),
        ("image/webp", (10_000, 10_000), 100, 60),
    ],
)
def test_the_cpu_limit_grows_with_pixels_and_bytes(content_type, size, megabytes, seconds):
    image = Image(content_type=content_type, width=size[0], height=size[1], bytes=int(megabytes * MB))
    assert render_limits(image).cpu_seconds == seconds


def test_the_cpu_limit_never_passes_the_setting(settings):
    settings.CHILD_CPU_SECONDS = 2
    image = Image(content_type="image/png", width=9000, height=9000, bytes=MB)
    assert render_limits(image).cpu_seconds == 2


def test_without_settings_the_limits_are_the_same(settings):
    assert Limits() == limits()


@pytest.fixture
def no_landlock(monkeypatch):
    monkeypatch.setattr(sandbox, "landlock_version", lambda: 0)


def test_a_start_without_landlock_is_logged_once_and_says_what_that_means(no_landlock, caplog):
    serve.check_sandbox()
    check_sandbox()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "for lack of Landlock (Linux 5.13 or newer): it could read and change the files" in record.getMessage()
    assert "REQUIRE_SANDBOX=1" in record.getMessage()


def test_a_required_sandbox_refuses_the_start_with_one_sentence(no_landlock, settings):
    settings.REQUIRE_SANDBOX = True
    with pytest.raises(SystemExit, match="for lack of Landlock"):
        serve.check_sandbox()
    with pytest.raises(ImproperlyConfigured):
        engine.start()
    assert engine._engine is None


@pytest.mark.skipif(bool(sandbox.missing()), reason="this kernel lacks part of the sandbox")
def test_a_kernel_that_has_it_all_is_not_mentioned(settings, caplog):
    settings.REQUIRE_SANDBOX = True
    serve.check_sandbox()
    check_sandbox()
    assert caplog.records == []


def test_children_are_told_that_the_sandbox_is_required(settings):
    settings.REQUIRE_SANDBOX = True
    assert limits().require_sandbox
