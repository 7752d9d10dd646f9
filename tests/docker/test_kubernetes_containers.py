"""The containers of deploy/kubernetes, started by Docker as a kubelet would start them.

What is Kubernetes' own (volumes, services, scheduling) is not there; command, environment, user, read-only root,
limits and probes are those of the manifests.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from images.tests.pictures import jpeg_bytes
from tests.docker.engine import PATIENCE, Container, build, docker
from tests.people import Person
from tests.processes import free_ports
from tests.seaweed import SeaweedFS
from tests.test_kubernetes import built, needs_kubectl

pytestmark = [needs_kubectl, pytest.mark.docker, pytest.mark.slow]


class Cluster:
    """MySQL, Redis and S3, and the pods of the production overlay."""

    def __init__(self, folder: Path, storage: SeaweedFS) -> None:
        self.resources = built("production", folder)
        self.mysql_port, self.redis_port, *self._ports = free_ports(6)
        self._others: list[Container] = []
        password = secrets.token_hex(8)
        self._env = {
            # The overlay names services of an example; these are those of the test.
            "DATABASE_URL": f"mysql://store:{password}@127.0.0.1:{self.mysql_port}/store",
            "STORAGE_URL": storage.url("kubernetes"),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SITE_URL": "http://localhost",
            "EMAIL_URL": "consolemail://",
        } | {key: secrets.token_hex(20) for key in ("SECRET_KEY", "JWT_SIGNING_KEY", "LINK_SIGNING_KEY")}
        database = {"MYSQL_DATABASE": "store", "MYSQL_USER": "store", "MYSQL_PASSWORD": password}
        variables = [
            f"--env={key}={value}" for key, value in {**database, "MYSQL_RANDOM_ROOT_PASSWORD": "yes"}.items()
        ]
        self._keep(Container(*variables, image="mysql:8.4", command=[f"--port={self.mysql_port}", "--mysqlx=OFF"]))
        self._keep(Container(image="redis:7", command=["redis-server", "--port", str(self.redis_port)]))

    def _keep(self, container: Container) -> Container:
        self._others.append(container)
        return container

    def end(self) -> None:
        for container in self._others:
            container.remove()

    def pod(self, name: str) -> dict[str, Any]:
        [found] = [
            each
            for each in self.resources
            if each["metadata"]["name"] == name and "template" in each.get("spec", {})
        ]
        return dict(found["spec"]["template"]["spec"])

    def start(self, pod: dict[str, Any], spec: dict[str, Any], **knobs: str) -> Container:
        """One container of a pod; `knobs` are variables that Kubernetes would not need."""
        security, limits = spec["securityContext"], spec["resources"]["limits"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
        memory = limits["memory"].replace("Gi", "g").replace("Mi", "m")
        options = [
            f"--user={user}", "--read-only", "--security-opt=no-new-privileges:true", f"--memory={memory}",
            *(f"--cap-drop={name}" for name in security["capabilities"]["drop"]),
            # fsGroup and an empty volume.
            *(f"--tmpfs={mount['mountPath']}:uid=10001,gid=10001,mode=0700,exec" for mount in spec["volumeMounts"]),
            *(f"--env={key}={value}" for key, value in (self._environment(spec) | knobs).items()),
        ]  # fmt: skip
        command = spec.get("command", [])
        entry = [f"--entrypoint={command[0]}"] if command else []
        return self._keep(Container(*options, *entry, command=command[1:]))

    def _environment(self, spec: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in spec["envFrom"]:
            [name] = [each["name"] for each in source.values()]
            [given] = [each for each in self.resources if each["metadata"]["name"] == name and "data" in each]
            found |= given["data"] if given["kind"] == "ConfigMap" else {}
        found |= {variable["name"]: variable["value"] for variable in spec.get("env", ())}
        # Without https no proxy stands in front.
        return found | self._env | {"FORWARDED_ALLOW_IPS": "", "NUM_PROXIES": "0"}

    def port(self) -> int:
        return self._ports.pop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    build()
    with SeaweedFS() as storage:
        started = Cluster(tmp_path_factory.mktemp("overlay"), storage)
        try:
            yield started
        finally:
            started.end()


def passes(probe: dict[str, Any], port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}{probe['httpGet']['path']}"
        return requests.get(url, timeout=probe["timeoutSeconds"]).status_code == 200
    except requests.RequestException:
        return False


def serving(cluster: Cluster, name: str) -> tuple[Container, int, dict[str, Any]]:
    """The container of a pod, once its probes pass."""
    pod, port = cluster.pod(name), cluster.port()
    [spec] = pod["containers"]
    container = cluster.start(pod, spec, PORT=str(port))
    startup = spec["startupProbe"]
    for _ in range(startup["failureThreshold"]):
        if passes(startup, port):
            break
        time.sleep(startup["periodSeconds"])
    else:
        pytest.fail(container.log[-3000:])
    assert passes(spec["livenessProbe"], port), container.log[-3000:]
    wait_until(lambda: passes(spec["readinessProbe"], port), container)
    return container, port, pod


def wait_until(holds: Callable[[], bool], container: Container) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, container.log[-3000:]
        time.sleep(0.5)


def test_the_production_overlay_works(cluster: Cluster) -> None:
    """Migrate, wait, serve, make sizes in a worker, end in time: one test, because each step needs the last."""
    web = cluster.pod("web")
    [waiting] = web["initContainers"]
    before = cluster.start(web, waiting)

    job = cluster.pod("migrate")
    [migrating] = job["containers"]
    # OnFailure: the database may still be starting.
    wait_until(lambda: cluster.start(job, migrating).wait() == 0, before)
    assert before.wait() == 0

    server, port, pod = serving(cluster, "web")
    worker, _, _ = serving(cluster, "worker")
    alice = Person.sign_up(SimpleNamespace(port=port, url=""), "alice")  # type: ignore[arg-type]
    album = alice.album()
    pictures = [alice.upload(album, jpeg_bytes(1600, 1200 + n)).json()["id"] for n in range(6)]
    assert {image["status"] for image in alice.finished(album, pictures)} == {"ready"}

    for container in (server, worker):
        assert container.run("id", "-u").strip() == "10001"
        assert "Read-only file system" in docker("exec", container.id, "touch", "/app/x", may_fail=True)
        assert "sandbox" not in container.log, "a part of the sandbox is missing"
    [spec] = pod["containers"]
    server.run(*spec["lifecycle"]["preStop"]["exec"]["command"])
    for container in (server, worker):
        began = time.monotonic()
        assert container.stop(pod["terminationGracePeriodSeconds"]) == 0, container.log[-3000:]
        assert time.monotonic() - began < pod["terminationGracePeriodSeconds"]
