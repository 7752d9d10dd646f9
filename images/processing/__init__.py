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
from .results import (
    EXTENSIONS,
    Limits,
    Probed,
    Rendered,
    RenderedVariant,
)

__all__ = [
    "EXTENSIONS",
    "Crashed",
    "Damaged",
    "InvalidImage",
    "Limits",
    "OverLimits",
    "Probed",
    "ProcessingError",
    "Rendered",
    "RenderedVariant",
    "TooManyPixels",
    "UnsupportedFormat",
    "probe_in_child",
    "render_in_child",
    "warm_up",
]
