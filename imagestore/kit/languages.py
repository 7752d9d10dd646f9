"""The languages that a project is translated into."""

from functools import cache
from pathlib import Path

from django.conf.locale import LANG_INFO


@cache
def languages_of(locale: Path) -> list[tuple[str, str]]:
    """Code and own name of each language: English, in which texts are written, and one for each folder."""
    names = sorted(folder.name for folder in locale.iterdir() if folder.is_dir())
    codes = ["en", *(name.replace("_", "-").lower() for name in names)]
    return [(code, str(LANG_INFO[code]["name_local"])) for code in codes]
