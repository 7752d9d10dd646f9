"""A store under https://host/photos/, behind nginx: the thirteen scenarios, and where each address of it points."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from images.tests.pictures import jpeg_bytes
from tests.nginx_server import Nginx, under_photos
from tests.people import PASSWORD, PATIENCE, Person
from tests.servers import ROOT, Server
from tests.state import State
from tests.test_scenarios import *  # noqa: F403 - the tests and their fixtures
from tests.tus import metadata

pytestmark = pytest.mark.slow

TOKEN = "m" * 32
BELOW = "/photos/"
# The attributes of HTML that hold an address. Those with data- are for scripts.
ADDRESSES = {"href", "src", "action", "formaction", "srcset", "poster"}
# Pages of these are as many as there are rows, or end the session.
NOT_FOLLOWED = re.compile(r"/logout/|/admin/.*/(history|delete|change)/|[?#]|/archive/|/file/|/admin/jsi18n/")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with under_photos(tmp_path_factory.mktemp("sub-path"), METRICS_TOKEN=TOKEN) as nginx:
        yield nginx


@pytest.fixture
def state(server: Nginx) -> State:
    return State(server.store)


@pytest.fixture(scope="module")
def operator(server: Nginx) -> Person:
    """May see the admin."""
    email = "operator@example.org"
    env = {**server.store.env, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    command = [sys.executable, "manage.py", "createsuperuser", "--noinput", "--email", email]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    return Person(server, email, "127.0.0.9")  # type: ignore[arg-type]


class Addresses(HTMLParser):
    """The addresses in a page, each with its tag."""

    def __init__(self, page: requests.Response) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.removeprefix("data-") in ADDRESSES or (value or "").startswith("/"):
                listed = (value or "").split(", ") if name == "srcset" else [value or ""]
                self.found |= {(tag, one.split()[0]) for one in listed if one}


def test_every_address_on_every_page_is_below_the_sub_path(server: Nginx, operator: Person) -> None:
    person = operator.log_in()
    person.picture(person.album("Crawled"), jpeg_bytes(900, 600))
    session = person.portal()
    waiting, seen, wrong = [f"{person.base}/", f"{person.base}/albums/", f"{person.base}/admin/"], set(), []
    while waiting:
        url = waiting.pop()
        page = session.get(url, timeout=PATIENCE)
        if page.status_code != 200:
            wrong.append(f"{page.status_code} {url}")
        if not page.headers.get("Content-Type", "").startswith("text/html"):
            continue
        for tag, address in Addresses(page).found:
            whole = urlsplit(urljoin(page.url, address))
            if whole.netloc != urlsplit(person.base).netloc:
                continue
            if not whole.path.startswith(BELOW):
                wrong.append(f"{url}: <{tag}> {address}")
            elif whole.geturl() not in seen and tag != "form" and not NOT_FOLLOWED.search(address):
                seen.add(whole.geturl())
                waiting.append(whole.geturl())
    assert sorted(wrong) == []
    places = {urlsplit(url).path.split("/")[2] for url in seen}
    assert places >= {"accounts", "admin", "albums", "api", "images", "photos", "profile", "static", "trash"}


def test_what_is_beside_the_sub_path_is_not_there(server: Nginx) -> None:
    def ask(path: str, front: Any = server.store, **headers: str) -> requests.Response:
        url = f"http://127.0.0.1:{front.port}{path}"
        return requests.get(url, headers=headers, timeout=PATIENCE, allow_redirects=False)

    for path in ("/", "/albums/", "/api/v1/albums/", "/photosalbums/", "/static/", "/healthz/", "/Photos/"):
        answer = ask(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert ask(path, server).status_code == 404
    first = ask("/photos?a=1")
    assert (first.status_code, first.headers["Location"]) == (308, "/photos/?a=1")
    assert ask("/photos", server).headers["Location"] == f"{server.url}/".replace("localhost", "127.0.0.1")
    # Probes and Prometheus ask the server itself.
    for path in ("/healthz/live", "/healthz/ready", "/photos/healthz/live"):
        assert ask(path, Host="10.0.0.7").json()["status"] == "ok"
    for path in ("/metrics", "/photos/metrics"):
        assert ask(path, Authorization=f"Bearer {TOKEN}").status_code == 200
        assert ask(path, server, Authorization=f"Bearer {TOKEN}").status_code == 404


def test_cookies_are_of_the_sub_path_alone(alice: Person) -> None:
    album, session = alice.album("Cookies"), alice.portal()
    form = {"csrfmiddlewaretoken": session.cookies["photos-csrftoken"]}
    # The message waits for the next page.
    session.post(f"{alice.base}/albums/{album}/delete/", data=form, timeout=PATIENCE, allow_redirects=False)
    paths = {cookie.name: cookie.path for cookie in session.cookies}
    ours = [f"photos-{name}" for name in ("csrftoken", "known_browser", "sessionid")]
    assert paths == dict.fromkeys(["messages", *ours], BELOW)
    # Another site of the host has cookies of Django, too, and browsers send them last.
    cookies = [f"{cookie.name}={cookie.value}" for cookie in session.cookies]
    header = {"Cookie": "; ".join([*cookies, "sessionid=another", "csrftoken=another"])}
    page = requests.get(f"{alice.base}/albums/", headers=header, timeout=PATIENCE)
    assert (page.url, "is in the trash" in page.text) == (f"{alice.base}/albums/", True)


def test_answers_of_the_api_name_addresses_below_the_sub_path(alice: Person) -> None:
    albums = [alice.album("First"), alice.album("Second")]
    page = alice.get("albums/?page_size=1", expect=200).json()
    assert page["next"].startswith(f"{alice.base}/api/v1/albums/?")
    assert alice.get(page["next"], expect=200).json()["results"][0]["id"] == albums[0]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "7", "Upload-Metadata": metadata(album=albums[0])}
    upload = alice.post("uploads/", headers=headers, expect=201).headers["Location"]
    assert upload.startswith(f"{alice.base}/api/v1/uploads/")
    alice.delete(upload, headers={"Tus-Resumable": "1.0.0"}, expect=204)
    image = alice.picture(albums[0], jpeg_bytes(900, 600))
    links = [image["original"]["url"], *(variant["url"] for variant in image["variants"].values())]
    assert all(link.startswith(f"{alice.base}/media/{image['id']}/") for link in links)
    schema = alice.get("/api/schema/", headers={"Accept": "application/json"}, expect=200).json()
    assert schema["servers"][0]["url"] == "/photos"
    assert "/api/v1/albums/" in schema["paths"]
    lost = alice.get("/api/v1/albums", expect=404).json()
    assert lost["detail"] == "This path ends with a slash: /photos/api/v1/albums/. Nothing was done."


def test_a_signed_link_is_answered_before_django(server: Nginx, alice: Person) -> None:
    link = alice.picture(alice.album(), jpeg_bytes(900, 600))["variants"]["thumb"]["url"]
    direct = link.replace(f":{server.port}", f":{server.store.port}")
    before = answered_before_django(server.store)
    for url in (direct, link):
        whole = requests.get(url, timeout=PATIENCE)
        asked = [
            ("HEAD", {}, 200, b""),
            ("GET", {"Range": "bytes=0-9"}, 206, whole.content[:10]),
            ("GET", {"If-None-Match": whole.headers["ETag"]}, 304, b""),
        ]
        for method, headers, status, content in asked:
            answer = requests.request(method, url, headers=headers, timeout=PATIENCE)
            assert (answer.status_code, answer.content) == (status, content)
        if url == direct:
            assert answered_before_django(server.store) == before + 4


def answered_before_django(store: Server) -> float:
    metrics = requests.get(f"{store.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE)
    counts = re.findall(r'^imagestore_requests_total{.*view="media".*} (.+)$', metrics.text, re.MULTILINE)
    return sum(float(count) for count in counts)


def test_a_mail_links_below_the_sub_path(server: Nginx, alice: Person) -> None:
    session = requests.Session()
    form = f"{alice.base}/accounts/password/reset/"
    session.get(form, timeout=PATIENCE)
    fields = {"email": alice.email, "csrfmiddlewaretoken": session.cookies["photos-csrftoken"]}
    assert session.post(form, data=fields, timeout=PATIENCE).url == f"{form}done/"
    deadline = time.monotonic() + PATIENCE
    while "http://localhost/photos/accounts/password/reset/key/" not in server.store.log.read_text():
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.05)


def test_an_app_is_of_the_sub_path(server: Nginx) -> None:
    manifest = requests.get(f"{server.url}/site.webmanifest", timeout=PATIENCE).json()
    places = [manifest["id"], manifest["start_url"], manifest["scope"], manifest["share_target"]["action"]]
    assert places == [BELOW, BELOW, BELOW, f"{BELOW}share/"]
    lists = [*manifest["icons"], *manifest["shortcuts"]]
    assert all((one.get("src") or one["url"]).startswith(BELOW) for one in lists)
    worker = requests.get(f"{server.url}/sw.js", timeout=PATIENCE).text
    assert {path[: len(BELOW)] for path in re.findall(r'"(/[^"]+)"', worker)} == {BELOW}


def test_over_https_browsers_take_its_cookies_from_its_host_alone() -> None:
    """Browsers take `__Host-` for the path / alone."""
    told = "SESSION_COOKIE_NAME, SESSION_COOKIE_PATH, SECURE_REDIRECT_EXEMPT, CSRF_TRUSTED_ORIGINS, SITE_URL"
    code = f"from imagestore.settings import *; print([{told}])"
    keys = {"SECRET_KEY": "x" * 40, "JWT_SIGNING_KEY": "y" * 40, "ENV_FILE": "/dev/null"}
    proxy = {"FORWARDED_ALLOW_IPS": "127.0.0.1", "NUM_PROXIES": "1"}

    def read(site: str) -> str:
        env = {"PATH": os.environ["PATH"], "SITE_URL": site, **keys, **proxy}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout

    exempt = ["^a/b/healthz/", "^a/b/metrics$"]
    below = ["__Secure-a-b-sessionid", "/a/b/", exempt, ["https://x.org"], "https://x.org/a/b"]
    assert read("https://x.org/a/b/") == f"{below}\n"
    root = ["__Host-sessionid", "/", ["^healthz/", "^metrics$"], ["https://x.org"], "https://x.org"]
    assert read("https://x.org/") == f"{root}\n"


def test_the_papers_command_makes_the_nginx_of_these_tests(server: Nginx) -> None:
    paper = (ROOT / "docs" / "sub-path.md").read_text()
    [command] = re.findall(r"^sed -E .+$", paper, re.MULTILINE)
    made = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    def paths(site: str) -> list[str]:
        return re.findall(r"^ *(?:location|return 303) .+$", site, re.MULTILINE)

    assert paths(made) == paths(server.site())
    [expression] = re.findall(r"'(.+)'", command)
    in_compose = (ROOT / "deploy" / "nginx-in-compose.sh").read_text().replace('\\"', '"')
    assert expression.replace("/photos", "$sub_path") in in_compose
