"""Photos that another app shares before the browser has a service worker: neither store nor nginx takes them."""

from collections.abc import Iterator

import pytest

from tests.nginx_server import BEHIND_NGINX, Nginx
from tests.people import PATIENCE, Person
from tests.servers import Server, running

pytestmark = pytest.mark.slow

LARGE_BYTES = 20_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("share-target"), **BEHIND_NGINX) as store:
        yield store


@pytest.fixture(scope="module", params=["alone", "behind nginx"])
def front(request: pytest.FixtureRequest, store: Server) -> Iterator[Server | Nginx]:
    if request.param == "alone":
        yield store
    else:
        with Nginx(store) as nginx:
            yield nginx


def test_the_answer_leads_to_the_page_and_the_connection_goes_on(front: Server | Nginx, store: Server) -> None:
    session = Person.sign_up(store, "sharer").portal()
    for _ in range(2):
        answer = session.post(
            f"http://127.0.0.1:{front.port}/share/",
            files={"photos": ("photo.jpg", bytes(LARGE_BYTES))},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert answer.status_code in (302, 303)
        assert answer.headers["Location"] == "/share/"
    page = session.get(f"http://127.0.0.1:{front.port}/share/", timeout=PATIENCE)
    assert page.url.endswith("/share/")
