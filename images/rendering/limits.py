"""The limits of one child process, from the settings."""

from django.conf import settings

from images.processing import Limits


def limits() -> Limits:
    return Limits(
        max_pixels=settings.MAX_PIXELS,
        memory_bytes=settings.CHILD_MEMORY_BYTES,
        cpu_seconds=settings.CHILD_CPU_SECONDS,
        wall_seconds=settings.CHILD_WALL_SECONDS,
    )
