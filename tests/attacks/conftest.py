"""The store alone and behind nginx, with a neighbour who looks at pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes
from tests.attacks.neighbour import Neighbour
from tests.faults.mail_servers import listener
from tests.nginx_server import BEHIND_NGINX, Nginx
from tests.people import Person
from tests.processes import free_port
from tests.servers import AS_DELIVERED, Server, running


@pytest.fixture(scope="session")
def silent_mail() -> Iterator[dict[str, str]]:
    """Settings that name a mail server which never answers."""
    port = free_port()
    with listener(port, hangs_up=False):
        yield {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "EMAIL_VERIFICATION": "optional"}


@pytest.fixture(scope="session")
def alone(silent_mail: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("alone"), **AS_DELIVERED, **silent_mail) as store:
        yield store


@pytest.fixture(scope="session")
def behind_nginx(silent_mail: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with (
        running(tmp_path_factory.mktemp("behind-nginx"), **AS_DELIVERED, **BEHIND_NGINX, **silent_mail) as store,
        Nginx(store) as nginx,
    ):
        yield nginx


@pytest.fixture(params=["alone", "behind_nginx"])
def front(request: pytest.FixtureRequest) -> Any:
    """What clients connect to: the store itself, or nginx before it. Both run until the last test."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def neighbours() -> dict[int, Neighbour]:
    return {}


@pytest.fixture
def neighbour(front: Any, neighbours: dict[int, Neighbour]) -> Iterator[Neighbour]:
    """One for each front: his p95 in peace is measured once, and again where a test found him slow."""
    if front.port not in neighbours:
        neighbours[front.port] = Neighbour(Person.sign_up(front, "neighbour"))
    yield neighbours[front.port]
    neighbours[front.port].judge()


@pytest.fixture
def mallory(front: Any) -> Person:
    """An attacker with an account."""
    return Person.sign_up(front, "mallory")


@pytest.fixture(scope="session")
def large_file() -> Callable[[Person], str]:
    """Uploads an original of some megabytes, and returns its path."""

    def upload(person: Person) -> str:
        image = person.picture(person.album(), jpeg_bytes(640, 480) + bytes(8 * 2**20))
        return f"/api/v1/images/{image['id']}/file/"

    return upload
