"""Images of docker-compose.yml where no registry can be reached: the same programs under the same names."""

import shutil
import sys
from pathlib import Path

import yaml

from tests.docker.engine import docker
from tests.servers import ROOT

_RABBITMQ = """FROM {python}
RUN apt-get update && apt-get install -y --no-install-recommends rabbitmq-server
# RabbitMQ itself reads RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS.
CMD ["sh", "-c", "chown rabbitmq /var/lib/rabbitmq && exec rabbitmq-server"]
"""
_SEAWEEDFS = """FROM {python}
COPY weed /usr/bin/weed
VOLUME /data
"""


def image_of(service: str) -> str:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return str(services[service]["image"])


def require_images_of_the_cluster(folder: Path) -> None:
    shutil.copy(Path(sys.executable).with_name("weed"), folder)
    _require(image_of("rabbitmq"), _RABBITMQ, folder)
    _require(image_of("s3"), _SEAWEEDFS, folder)


def _require(image: str, dockerfile: str, folder: Path) -> None:
    if "[]" in docker("image", "inspect", image, may_fail=True):
        docker("pull", image, may_fail=True)
    if "[]" in docker("image", "inspect", image, may_fail=True):
        (folder / "Dockerfile").write_text(dockerfile.format(python="python:3.11-slim"))
        docker("build", "--tag", image, folder)
