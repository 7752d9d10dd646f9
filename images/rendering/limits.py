"""What one child process may use and do, from the settings."""

import logging
from dataclasses import replace

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from images.models import Image
from images.processing import Limits, cpu_seconds, missing_of_sandbox

logger = logging.getLogger(__name__)


def limits() -> Limits:
    return Limits(
        max_pixels=settings.MAX_PIXELS,
        memory_bytes=settings.CHILD_MEMORY_BYTES,
        cpu_seconds=settings.CHILD_CPU_SECONDS,
        wall_seconds=settings.CHILD_WALL_SECONDS,
        require_sandbox=settings.REQUIRE_SANDBOX,
    )


def render_limits(image: Image) -> Limits:
    """The CPU limit grows with the picture, up to CHILD_CPU_SECONDS."""
    most = cpu_seconds(image.content_type, image.width * image.height, image.bytes)
    return replace(limits(), cpu_seconds=min(most, settings.CHILD_CPU_SECONDS))


def check_sandbox() -> None:
    """Log what this machine lacks for the sandbox of children; with REQUIRE_SANDBOX, raise ImproperlyConfigured."""
    lacks = missing_of_sandbox()
    if not lacks:
        return
    sentence = (
        f"A decoder that a hostile picture takes over is not confined here, for lack of {'; and of '.join(lacks)}."
    )
    if settings.REQUIRE_SANDBOX:
        raise ImproperlyConfigured(f"{sentence} REQUIRE_SANDBOX refuses to start.")
    logger.error("%s REQUIRE_SANDBOX=1 would refuse to start.", sentence)
