"""Probes and renders untrusted files. Imports Pillow, but neither Django nor other modules of ours."""

from .child import probe_in_child, render_in_child, warm_up
from .errors import (
    Crashed,
    Damaged,
    InvalidImage,
    OverLimits,
    ProcessingError,
    TooManyPixels,
    UnsupportedFormat,
)
from .formats import cpu_seconds
from .results import (
    DAMAGE_CODES,
    DOWNLOADED_TYPES,
    EXTENSIONS,
    TAKEN_FROM,
    Limits,
    Probed,
    Rendered,
    RenderedVariant,
    Taken,
)
from .sandbox import missing as missing_of_sandbox

__all__ = [
    "DAMAGE_CODES",
    "DOWNLOADED_TYPES",
    "EXTENSIONS",
    "TAKEN_FROM",
    "Crashed",
    "Damaged",
    "InvalidImage",
    "Limits",
    "OverLimits",
    "Probed",
    "ProcessingError",
    "Rendered",
    "RenderedVariant",
    "Taken",
    "TooManyPixels",
    "UnsupportedFormat",
    "cpu_seconds",
    "missing_of_sandbox",
    "probe_in_child",
    "render_in_child",
    "warm_up",
]
