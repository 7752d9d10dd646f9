"""The catalogs of imagestore/locale: complete, compiled, and what the sources have to translate."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

LOCALE = Path(settings.LOCALE_PATHS[0])
CATALOGS = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
_PLACEHOLDER = re.compile(r"%\(\w+\)s")

each_catalog = pytest.mark.parametrize("po", CATALOGS, ids=lambda po: f"{po.parts[-3]} {po.stem}")


def compiled(po: Path, folder: Path) -> gettext.GNUTranslations:
    """msgfmt leaves out what is untranslated or fuzzy. It fails for an invalid catalog."""
    mo = folder / "compiled.mo"
    subprocess.run(["msgfmt", "--check", "--output-file", mo, po], check=True, capture_output=True)
    return texts_of(mo)


def texts_of(mo: Path) -> gettext.GNUTranslations:
    with mo.open("rb") as file:
        return gettext.GNUTranslations(file)


def catalog_of(translations: gettext.GNUTranslations) -> dict[str | tuple[str, int], str]:
    """msgid, or msgid and number of the plural form, to msgstr; without the header."""
    texts: dict[str | tuple[str, int], str] = translations._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in texts.items() if key}


def listed(po: Path, *options: str) -> str:
    command = ["msgattrib", "--no-obsolete", "--no-wrap", *options, po]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sources_of(po: Path) -> set[str]:
    """All msgid, translated or not."""
    return set(re.findall(r'^msgid (.+(?:\n".*)*)', listed(po), re.MULTILINE)) - {'""'}


@each_catalog
def test_what_is_compiled_is_what_is_written(po: Path, tmp_path: Path) -> None:
    """Else `make messages` is due."""
    assert catalog_of(texts_of(po.with_suffix(".mo"))) == catalog_of(compiled(po, tmp_path))


@each_catalog
def test_nothing_is_untranslated_or_fuzzy(po: Path) -> None:
    assert listed(po, "--untranslated") + listed(po, "--only-fuzzy") == ""


@each_catalog
def test_a_translation_has_the_placeholders_of_its_source(po: Path, tmp_path: Path) -> None:
    for key, text in catalog_of(compiled(po, tmp_path)).items():
        source = key if isinstance(key, str) else key[0]
        assert set(_PLACEHOLDER.findall(text)) == set(_PLACEHOLDER.findall(source)), source


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_a_catalog_has_every_text_of_the_sources_and_no_other(
    domain: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `make messages` is due. It reads a copy, because it puts files beside the sources for a moment."""
    [ignored] = re.findall(r"^NO_MESSAGES := (.*)", (settings.BASE_DIR / "Makefile").read_text(), re.MULTILINE)
    sources = tmp_path / "sources"
    shutil.copytree(settings.BASE_DIR, sources, ignore=shutil.ignore_patterns(".*", *ignored.split()))
    monkeypatch.chdir(sources)
    settings.LOCALE_PATHS = [tmp_path]
    call_command(
        "makemessages",
        domain=domain,
        locale=["de"],
        no_location=True,
        ignore_patterns=[*ignored.split(), "imagestore/locale"],
        verbosity=0,
    )
    expected = sources_of(tmp_path / "de" / "LC_MESSAGES" / f"{domain}.po")
    assert expected
    for po in LOCALE.glob(f"*/LC_MESSAGES/{domain}.po"):
        assert sources_of(po) == expected


@pytest.mark.parametrize("language", sorted({po.parts[-3] for po in CATALOGS}))
def test_the_docker_image_keeps_what_django_and_allauth_say_in_the_language(language: str, settings: Any) -> None:
    assert f"-not -path '*/locale/{language}/*'" in (settings.BASE_DIR / "Dockerfile").read_text()
