"""Which language pages, refusals and mails are in, and the texts of scripts."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.test import Client
from django.utils.translation import get_language, gettext_lazy, override

from accounts import services
from accounts.models import OutgoingMail
from albums import services as albums
from images.processing.errors import Crashed
from imagestore.kit import problems
from imagestore.kit.languages import languages_of
from tests.rows import bearer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _german_is_offered(settings):
    settings.LANGUAGES = languages_of(*settings.LOCALE_PATHS)


GERMAN = {"Accept-Language": "fr, de-AT;q=0.9, en;q=0.5"}


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de", "de"),
        ("fr, de-AT;q=0.9, en;q=0.5", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("fr", "en"),
        ("", "en"),
        ("de;q=nonsense, \x7f", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_a_page_is_in_the_first_language_that_the_store_knows(client, asked, language):
    page = client.get("/", headers={"Accept-Language": asked})
    assert page["Content-Language"] == language
    assert "Accept-Language" in page["Vary"]
    assert f'<html lang="{language}">' in page.content.decode()


def test_the_profile_wins_and_says_so_in_the_new_language(client, alice):
    client.force_login(alice)
    page = client.post("/profile/", {"name": "Alice", "language": "de"}, follow=True)
    assert page["Content-Language"] == "de"
    assert "Dein Profil ist gespeichert." in page.content.decode()
    assert '<option value="de" selected>Deutsch</option>' in page.content.decode()
    page = client.post("/profile/", {"name": "Alice", "language": ""}, follow=True)
    assert page["Content-Language"] == "en"


def test_a_language_that_the_store_does_not_know_is_refused(client, alice):
    client.force_login(alice)
    assert client.post("/profile/", {"name": "Alice", "language": "xx"}).status_code == 200
    alice.refresh_from_db()
    assert alice.language == ""


def test_a_language_that_is_gone_falls_back_to_the_browsers(client, alice):
    services.change_language(alice, "xx")
    client.force_login(alice)
    assert client.get("/albums/", headers=GERMAN)["Content-Language"] == "de"


def test_an_unknown_address_answers_in_the_language_of_the_profile(client, alice):
    services.change_language(alice, "de")
    client.force_login(alice)
    page = client.get("/no/such/page/")
    assert (page.status_code, page["Content-Language"]) == (404, "de")


@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs/", "/api/schema/", "/healthz/live"])
def test_what_operators_and_programs_read_is_english(client, alice, path):
    services.change_language(alice, "de")
    client.force_login(alice)
    answer = client.get(path, headers=GERMAN)
    assert "Content-Language" not in answer
    assert "Accept-Language" not in answer.get("Vary", "")


def test_the_browsable_api_is_english(client, alice):
    client.force_login(alice)
    page = client.get("/api/v1/albums/", headers={**GERMAN, "Accept": "text/html"})
    assert '<html lang="en">' in page.content.decode()
    assert "Content-Language" not in page


@pytest.fixture
def refusal(monkeypatch):
    """The address of an API's refusal whose title has a translation."""
    monkeypatch.setitem(problems.CODES, "not_found", (404, gettext_lazy("language")))
    return f"/api/v1/albums/{uuid4()}/"


def test_programs_are_refused_in_english_whatever_they_ask_for(client, alice, refusal):
    """Also one that has a session beside its token: the session is not asked."""
    services.change_language(alice, "de")
    client.force_login(alice)
    for asking in (client, Client()):
        answer = asking.get(refusal, headers={**GERMAN, **bearer(alice)})
        assert (answer.status_code, answer.json()["title"]) == (404, "language")
        assert "Content-Language" not in answer
        assert not {"Cookie", "Accept-Language"} & {*answer.get("Vary", "").split(", ")}


@pytest.mark.parametrize("path", ["/api/v1/albums/", "/api/v1/no/such/path/", "/api/v1/auth/login/"])
def test_programs_without_a_login_are_refused_in_english(client, path, monkeypatch):
    for code, (status, _) in problems.CODES.items():
        monkeypatch.setitem(problems.CODES, code, (status, gettext_lazy("language")))
    answer = client.post(path, {}, content_type="application/json", headers=GERMAN)
    assert answer.status_code in (400, 401, 404)
    assert answer.json()["title"] == "language"


@pytest.mark.parametrize("verification", ["optional", "mandatory"])
def test_the_mail_of_a_programs_sign_up_is_in_the_language_it_asks_for(client, settings, verification):
    """A person reads it; of the answer, a program does."""
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    new = {"email": "carol@example.org", "password": "short"}
    refused = client.post("/api/v1/auth/register/", new, content_type="application/json", headers=GERMAN)
    assert "This password is too short" in str(refused.json()["errors"])
    new["password"] = "korrekt horse 9"
    client.post("/api/v1/auth/register/", new, content_type="application/json", headers=GERMAN)
    assert [mail.language for mail in OutgoingMail.objects.all()] == ["de"]


def test_a_pages_script_is_refused_in_the_language_of_its_page(client, alice, refusal):
    """It shows the sentence to a person."""
    client.force_login(alice)
    answer = client.get(refusal, headers=GERMAN)
    assert (answer.json()["title"], answer["Content-Language"]) == ("Sprache", "de")
    services.change_language(alice, "en")
    assert client.get(refusal, headers=GERMAN).json()["title"] == "language"


def test_a_page_that_refuses_does_so_in_its_language(client, alice, monkeypatch):
    sentence = gettext_lazy("As the browser asks")
    monkeypatch.setattr("albums.services.not_found", lambda: problems.Problem("not_ready", sentence))
    client.force_login(alice)
    page = client.get(f"/albums/{uuid4()}/", headers=GERMAN)
    assert page.status_code == 409
    assert "Wie im Browser eingestellt" in page.content.decode()


@pytest.fixture
def named(monkeypatch):
    """Sentences of images.processing bear the language in which they are shown."""
    monkeypatch.setattr("images.rendering.sentences.gettext", lambda text: f"{get_language()}: {text}")


@pytest.mark.usefixtures("named")
def test_a_file_that_another_thread_refused_is_refused_in_the_language_of_the_page(client, alice):
    album = albums.create(alice, title="Iceland")
    client.force_login(alice)
    files = {"files": [SimpleUploadedFile("a.txt", b"text"), SimpleUploadedFile("b.pdf", b"%PDF")]}
    page = client.post(f"/albums/{album.public_id}/upload/", files, headers=GERMAN, follow=True).content.decode()
    assert "a.txt: de: This file is not a picture" in page
    assert "b.pdf: de: This file is de: a PDF document, which" in page


@pytest.mark.usefixtures("named")
def test_why_an_image_failed_is_stored_in_english_and_shown_in_the_language_of_the_page():
    failed = Template("{% load delivery %}{{ sentence|reason }}")
    with override("de"):
        shown = failed.render(Context({"sentence": Crashed.detail}))
    assert shown == f"de: {Crashed.detail}"


def test_scripts_get_their_texts_once_for_all(client, django_assert_num_queries):
    """A page loads them before its modules, from an address that changes with them, without a login or a query."""
    page = client.get("/", headers=GERMAN).content.decode()
    url = re.search(r'<script defer src="([^"]+)"></script>.*<script type="module"', page, re.DOTALL)[1]
    with django_assert_num_queries(0):
        script = client.get(url)
    assert script["Content-Type"].startswith("text/javascript")
    assert script["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.get("Vary", "") == "Accept-Encoding"
    assert "%(count)s Fotos" in script.content.decode()
    assert "Filter" not in script.content.decode(), "texts of Django's admin are not for our pages"


@pytest.mark.parametrize("path", ["de/0123456789ab", "en/", "xx/0123456789ab", "../de/x"])
def test_no_other_version_of_a_scripts_texts_is_there(client, path):
    """A cache would store it for ever."""
    assert client.get(f"/languages/{path}.js").status_code == 404


def test_an_english_page_loads_no_texts(client):
    assert "/languages/" not in client.get("/").content.decode()


def test_without_a_choice_the_profile_asks_for_no_language(client, alice, settings):
    settings.LANGUAGES = [("en", "English")]
    client.force_login(alice)
    page = client.get("/profile/", headers=GERMAN)
    assert page["Content-Language"] == "en"
    assert 'name="language"' not in page.content.decode()
