"""The profile `cluster` of docker-compose.yml: workers by RabbitMQ, and all files in SeaweedFS."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from images.tests.pictures import quarters, saved
from tests.docker.conftest import Composed
from tests.docker.engine import docker
from tests.docker.stand_ins import require_images_of_the_cluster
from tests.people import PATIENCE, Person

pytestmark = [pytest.mark.docker, pytest.mark.slow]
PHOTO = saved(quarters(3000, 2000), "JPEG", quality=95)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    require_images_of_the_cluster(tmp_path_factory.mktemp("images"))
    started = Composed(
        tmp_path_factory.mktemp("backup"),
        COMPOSE_PROFILES="cluster",
        CLUSTER_PASSWORD="a-password",
        CELERY_BROKER_URL="amqp://store:a-password@rabbitmq:5672/",
        STORAGE_URL="s3://store:a-password@s3:8333/images?tls=0",
    )
    try:
        started.up()
        yield started
    finally:
        started.end()


def test_workers_make_the_sizes_and_a_restart_keeps_everything(server: Composed, alice: Person) -> None:
    album = alice.album()
    before = alice.picture(album, PHOTO)
    assert before["status"] == "ready"
    queues = docker("exec", server.container("rabbitmq"), "rabbitmqctl", "-q", "list_queues", "name", "consumers")
    assert "render\t1" in queues
    # No file of an image is in the store's own volume.
    assert not (server.volume("store") / "images").exists()
    sizes = sizes_of(before)

    server.compose("restart")
    server.wait()
    assert sizes_of(alice.get(f"images/{before['id']}/", expect=200).json()) == sizes
    assert alice.get(f"images/{before['id']}/file/", expect=200).content == PHOTO
    assert alice.picture(album, saved(quarters(3001, 2000), "JPEG"))["status"] == "ready"


def sizes_of(image: dict[str, Any]) -> dict[str, bytes]:
    return {
        name: requests.get(variant["url"], timeout=PATIENCE).content for name, variant in image["variants"].items()
    }
