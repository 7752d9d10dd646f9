"""What every request passes."""

import re
from gzip import decompress

import pytest

from albums import services
from tests.rows import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("method", "status"), [("get", 301), ("head", 301), ("post", 308), ("delete", 308)])
def test_the_redirect_to_https_keeps_method_and_body(client, settings, method, status):
    settings.SECURE_SSL_REDIRECT = True
    answer = getattr(client, method)("/api/v1/albums/?search=sea")
    assert (answer.status_code, answer["Location"]) == (status, "https://testserver/api/v1/albums/?search=sea")


@pytest.mark.parametrize("url", ["/albums/", "/api/v1/albums/", "/api/schema/"])
def test_pages_and_lists_come_compressed(client, alice, url):
    client.force_login(alice)
    for number in range(30):
        services.create(alice, title=f"Album {number}")
    plain = client.get(url)
    small = client.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain
    if len(plain.content) > 1000:
        assert "Accept-Encoding" in plain["Vary"]
        assert small["Content-Encoding"] == "gzip"
        assert len(small.content) < len(plain.content) / 2
        assert int(small["Content-Length"]) == len(small.content)


def test_what_has_an_etag_stays_as_it_is(client, alice):
    """Compressed, its ETag would be a weak one, which If-Match does not take."""
    client.force_login(alice)
    album = services.create(alice, title="Sea", description="Long. " * 200)
    answer = client.get(f"/api/v1/albums/{album.public_id}/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert answer["ETag"].startswith('"')


def test_no_answer_with_tokens_is_compressed(client, alice):
    """Its length would tell whether text of the request is in it, too (BREACH)."""
    account = {"email": "carol@example.org", "password": PASSWORD, "name": "x" * 100}

    def post(path, body):
        return client.post(f"/api/v1/auth/{path}/", body, "application/json", headers={"Accept-Encoding": "gzip"})

    answers = [post("register", account), post("login", account)]
    answers.append(post("refresh", {"refresh": answers[1].json()["refresh"]}))
    for answer in answers:
        assert len(answer.content) > 200
        assert "access" in answer.json()
        assert "Content-Encoding" not in answer
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", ["/accounts/login/", "/accounts/signup/"])
def test_no_page_that_no_cache_may_store_is_compressed(client, url):
    page = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert "no-store" in page["Cache-Control"]
    assert "Content-Encoding" not in page


@pytest.mark.parametrize("url", ["/albums/", "/albums/new/", "/api/v1/albums/"])
def test_the_csrf_token_of_a_compressed_page_is_another_in_each_answer(client, alice, url):
    client.force_login(alice)
    tokens = set()
    for _ in range(5):
        page = client.get(url, headers={"Accept-Encoding": "gzip", "Accept": "text/html"})
        assert page["Content-Encoding"] == "gzip"
        html = decompress(page.content).decode()
        tokens.update(re.findall(r'csrf(?:middleware)?token"[^>]*?(?:value="|: ")(\w{64})"', html, re.IGNORECASE))
    assert len(tokens) == 5


def test_the_length_of_a_compressed_page_is_another_each_time(client, alice):
    client.force_login(alice)
    lengths = {len(client.get("/albums/", headers={"Accept-Encoding": "gzip"}).content) for _ in range(10)}
    assert len(lengths) > 3
