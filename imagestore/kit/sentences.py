"""Sentences that are translated when they are shown, because another thread may have written them.

`gettext_lazy` does so for a sentence without values; `filled` puts values into one.
"""

from typing import Any

from django.utils.formats import get_format, number_format
from django.utils.functional import Promise, lazy

# What a person reads: a text, or one that is still to be translated.
Sentence = str | Promise


def _filled(sentence: Sentence, values: dict[str, Any]) -> str:
    return str(sentence) % values


_lazily_filled = lazy(_filled, str)


def filled(sentence: Sentence, **values: Any) -> Sentence:
    """`sentence` with its `%(name)s` replaced. Values may be lazy, too."""
    lazily: Sentence = _lazily_filled(sentence, values)
    return lazily


def decimal(number: str) -> str:
    """12.5 as the language writes it."""
    return number.replace(".", str(get_format("DECIMAL_SEPARATOR")))


def grouped(number: int) -> str:
    """12,345 as the language writes it."""
    return str(number_format(number, force_grouping=True))
