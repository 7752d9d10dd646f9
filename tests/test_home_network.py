"""A store in a home: others reach it by an address or a name of its machine, after one setting."""

import re
import socket
from collections.abc import Iterator

import pytest
import requests

from deploy import addresses
from images.tests.pictures import jpeg_bytes
from imagestore.kit.hosts import LOCAL_NAMES
from tests.people import PASSWORD, PATIENCE
from tests.servers import Server, running

# An address of this machine, which the tests reach without a network.
OTHER = "127.0.7.9"


def test_the_start_names_each_address_and_the_setting_that_opens_it(settings, monkeypatch) -> None:
    monkeypatch.setattr(addresses.subprocess, "run", says("192.168.1.20 fd00::2 \n"))
    settings.PORT, settings.HOST = 9999, "::"
    settings.SITE_URL, settings.ALLOWED_HOSTS = "http://localhost:9999", LOCAL_NAMES
    name = socket.gethostname()
    assert addresses.lines() == [
        "On your network it can be reached at",
        "  http://192.168.1.20:9999  (refused until you set SITE_URL=http://192.168.1.20:9999)",
        "  http://[fd00::2]:9999  (refused until you set SITE_URL=http://[fd00::2]:9999)",
        f"  http://{name}:9999  (refused until you set SITE_URL=http://{name}:9999)",
    ]
    settings.HOST = "0.0.0.0"
    settings.SITE_URL, settings.ALLOWED_HOSTS = "http://192.168.1.20:9999", ["192.168.1.20", *LOCAL_NAMES]
    assert addresses.lines() == [
        "On your network it can be reached at",
        "  http://192.168.1.20:9999",
        f"  http://{name}:9999  (refused until ALLOWED_HOSTS names {name})",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_server_for_this_machine_alone_names_no_address(host: str, settings) -> None:
    settings.HOST = host
    assert addresses.lines() == []


def test_one_address_is_told_alone_and_none_behind_a_proxy(settings) -> None:
    settings.PORT, settings.HOST, settings.SITE_URL = 9999, "fd00::2", "http://[fd00::2]:9999"
    settings.ALLOWED_HOSTS = ["[fd00::2]"]
    assert addresses.lines() == ["On your network it can be reached at", "  http://[fd00::2]:9999"]
    settings.SITE_URL = "https://pictures.example.org"
    assert addresses.lines() == []


def test_without_the_program_the_name_is_told(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert addresses.hosts_of("0.0.0.0") == [socket.gethostname()]


def says(text: str):
    """A program that prints this: tests cannot give their machine addresses."""
    return lambda *args, **options: addresses.subprocess.CompletedProcess(args, 0, stdout=text)


# ---- From a phone ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["an address, by SITE_URL", "a name, by ALLOWED_HOSTS"])
def site(request: pytest.FixtureRequest) -> str:
    """What people type. The port of the server itself is one that is free; that in Host is not compared."""
    return f"http://{OTHER}:9999" if "SITE_URL" in request.param else "http://nas.local:9999"


@pytest.fixture(scope="module")
def own_server(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    setting = {"SITE_URL": site} if OTHER in site else {"ALLOWED_HOSTS": "nas.local"}
    with running(tmp_path_factory.mktemp("home"), HOST="0.0.0.0", **setting) as server:
        yield server


@pytest.fixture
def phone(site: str) -> requests.Session:
    """A browser that sends what browsers send, by the address that people type."""
    session = requests.Session()
    session.headers.update({"Host": site.removeprefix("http://"), "Origin": site, "Referer": f"{site}/"})
    return session


def test_one_setting_is_enough_for_all_that_a_phone_does(
    site: str, own_server: Server, phone: requests.Session
) -> None:
    base = f"http://{OTHER}:{own_server.port}"

    def post(path: str, **fields) -> requests.Response:
        form = {"csrfmiddlewaretoken": phone.cookies["csrftoken"], **fields}
        return phone.post(f"{base}{path}", data=form, timeout=PATIENCE, allow_redirects=False)

    phone.get(f"{base}/accounts/signup/", timeout=PATIENCE)
    signed_up = post("/accounts/signup/", email="ada@example.org", password1=PASSWORD, password2=PASSWORD)
    assert (signed_up.status_code, signed_up.headers["Location"]) == (302, "/albums/")
    assert not any(cookie.secure or cookie.domain_specified for cookie in phone.cookies)
    created = post("/albums/new/", title="Iceland")
    album = re.search(r"[0-9a-f-]{36}", created.headers["Location"])[0]
    phone.headers["X-CSRFToken"] = phone.cookies["csrftoken"]
    uploaded = phone.post(
        f"{base}/api/v1/albums/{album}/images/", files={"file": ("a.jpg", jpeg_bytes())}, timeout=PATIENCE
    )
    assert uploaded.status_code == 201
    # Links lead to the address that was asked for.
    link = phone.get(f"{base}/api/v1/images/{uploaded.json()['id']}/", timeout=PATIENCE).json()["original"]["url"]
    assert link.startswith((f"{site}/media/", "/media/"))
    file = phone.get(f"{base}{link.removeprefix(site)}", timeout=PATIENCE)
    assert (file.status_code, file.content) == (200, jpeg_bytes())


def test_a_form_of_another_site_is_refused(own_server: Server, phone: requests.Session) -> None:
    base = f"http://{OTHER}:{own_server.port}"
    phone.get(f"{base}/accounts/login/", timeout=PATIENCE)
    form = {"login": "ada@example.org", "password": PASSWORD, "csrfmiddlewaretoken": phone.cookies["csrftoken"]}
    phone.headers["Origin"] = "http://evil.example"
    assert phone.post(f"{base}/accounts/login/", data=form, timeout=PATIENCE).status_code == 403


def test_the_start_prints_the_addresses(own_server: Server) -> None:
    assert "On your network it can be reached at\n  http://" in own_server.log.read_text()


def test_a_name_that_is_not_allowed_is_named_with_the_setting_by_page_and_log(own_server: Server) -> None:
    base = f"http://{OTHER}:{own_server.port}"
    page = requests.get(f"{base}/", headers={"Host": "fridge.local:9999"}, timeout=PATIENCE)
    assert page.status_code == 400
    assert "adds fridge.local to ALLOWED_HOSTS" in page.text
    assert "You may need to add 'fridge.local' to ALLOWED_HOSTS" in own_server.log.read_text()
