"""Numbers, dates and labels in the language of the page. What scripts, fields and programs read is in none."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account import app_settings
from allauth.utils import get_form_class
from django import forms
from django.test import Client

from accounts.models import User
from albums.models import Album
from imagestore.kit.languages import languages_of
from tests.rows import album_of, image_in

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def _german_is_offered(settings: Any) -> None:
    settings.LANGUAGES = languages_of(*settings.LOCALE_PATHS)


@pytest.fixture
def album(client: Client, alice: User) -> Album:
    """Of 1234 photos, by its row."""
    album = album_of(alice)
    july = datetime(2026, 7, 31, 14, 0, tzinfo=UTC)
    image_in(album, taken_at=july, sorted_at=july, exposure={"aperture": 2.8})
    Album.objects.update(image_count=1234)
    client.force_login(alice)
    return album


def numbers_in_attributes(page: Any) -> list[str]:
    return re.findall(r' ((?:data-[\w-]+|datetime|width|height)="[^"]*\d[^"]*")', page.content.decode())


@pytest.mark.parametrize(("language", "count"), [("en", "1,234"), ("de", "1.234")])
def test_a_count_has_the_separator_of_the_language(client: Client, album: Album, language: str, count: str) -> None:
    page = client.get(album.get_absolute_url(), headers={"Accept-Language": language}).content.decode()
    [(data, text)] = re.findall(r'data-count="(\w+)">([\d.,]+) ', page)
    assert (data, text) == ("1234", count)


def test_attributes_are_the_same_in_each_language(client: Client, album: Album) -> None:
    """Scripts, stylesheets and programs read them."""
    image = album.images.get().get_absolute_url()
    for url in (album.get_absolute_url(), "/photos/", image):
        english, german = (numbers_in_attributes(client.get(url, headers=asked)) for asked in ({}, GERMAN))
        assert english == german != []


def test_fields_for_dates_have_iso_dates(client: Client, album: Album) -> None:
    page = client.get("/photos/?taken_after=2026-07-01", headers=GERMAN).content.decode()
    assert 'name="taken_after" value="2026-07-01"' in page
    page = client.get(f"{album.images.get().get_absolute_url()}edit/", headers=GERMAN).content.decode()
    assert 'name="taken_at" value="2026-07-31T14:00:00"' in page


def test_a_label_keeps_its_capitals() -> None:
    class Form(forms.Form):
        password = forms.CharField(label="neues Passwort")

    assert "Neues Passwort</label>" in Form().as_div()


@pytest.mark.parametrize("form", ["change_password", "reset_password_from_key"])
def test_labels_of_passwords_are_in_sentence_case(form: str) -> None:
    fields = get_form_class(app_settings.FORMS, form, forms.Form)().fields.values()
    labels = ["Current password", "New password", "New password (again)"]
    assert [field.label for field in fields] == labels[-len(fields) :]
