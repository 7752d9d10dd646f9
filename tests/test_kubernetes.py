"""deploy/kubernetes: official schemas, and what every pod must have. tests/docker/ starts the containers."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from imagestore.tests.test_settings import OF_BOTO3, SETTINGS
from tests.servers import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ["production", "single"]
# The oldest version of Kubernetes that still gets mends, and the newest one that the schemas know.
VERSIONS = ["1.33", kubernetes_validate.latest_version()]
PODS = {"Deployment", "Job", "StatefulSet"}

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl builds the overlays")


@cache
def base() -> tuple[dict[str, Any], ...]:
    listed = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())["resources"]
    return tuple(found for name in listed for found in yaml.safe_load_all((FOLDER / "base" / name).read_text()))


@cache
def built(overlay: str, folder: Path) -> tuple[dict[str, Any], ...]:
    """What `kubectl apply -k` would send, with the secrets of the example."""
    copy = folder / "kubernetes"
    if not copy.exists():
        shutil.copytree(FOLDER, copy)
        secrets = copy / "overlays" / "production"
        shutil.copy(secrets / "secrets.env.example", secrets / "secrets.env")
    run = subprocess.run(
        ["kubectl", "kustomize", copy / "overlays" / overlay], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == "", "a warning of kustomize"
    return tuple(yaml.safe_load_all(run.stdout))


@pytest.fixture(params=["base", *(pytest.param(name, marks=needs_kubectl) for name in OVERLAYS)])
def resources(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], ...]:
    folder = tmp_path_factory.getbasetemp() / "kustomize"
    folder.mkdir(exist_ok=True)
    return base() if request.param == "base" else built(request.param, folder)


def pods(resources: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [found["spec"]["template"]["spec"] for found in resources if found["kind"] in PODS]


def containers(resources: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [each for pod in pods(resources) for each in (*pod.get("initContainers", ()), *pod["containers"])]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_own_schemas_know_every_field(resources: tuple[dict[str, Any], ...], version: str) -> None:
    for found in resources:
        kubernetes_validate.validate(found, version, strict=True)


def test_pods_are_no_root_and_get_no_token(resources: tuple[dict[str, Any], ...]) -> None:
    for pod in pods(resources):
        user = re.search(r"--uid (\d+)", (ROOT / "Dockerfile").read_text())
        assert user is not None
        assert pod["securityContext"]["runAsUser"] == int(user.group(1))
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)


def test_containers_may_nothing_and_write_only_where_a_volume_is(resources: tuple[dict[str, Any], ...]) -> None:
    for container in containers(resources):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


def test_what_serves_is_probed_and_has_time_to_end(resources: tuple[dict[str, Any], ...]) -> None:
    for pod in pods(resources):
        for container in pod["containers"]:
            if "command" in container:
                continue
            paths = {
                kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
            }
            # Liveness must not ask the database: an outage would restart every server.
            assert paths == {
                "startup": "/healthz/live",
                "liveness": "/healthz/live",
                "readiness": "/healthz/ready",
            }
            pause = int(
                container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", 0])[1]
            )
            assert pod["terminationGracePeriodSeconds"] >= int(literals("base")["GRACEFUL_TIMEOUT"]) + pause + 5


def test_names_that_stand_for_another_resource_are_there(resources: tuple[dict[str, Any], ...]) -> None:
    labels = [found["spec"]["template"]["metadata"]["labels"] for found in resources if found["kind"] in PODS]
    for found in resources:
        spec = found.get("spec", {})
        selector = spec.get("podSelector", spec.get("selector", {}))
        wanted = selector.get("matchLabels", selector)
        assert any(wanted.items() <= each.items() for each in labels), found["kind"]
    names = {(found["kind"], found["metadata"]["name"]) for found in resources}
    for found in resources:
        if target := found.get("spec", {}).get("scaleTargetRef"):
            assert (target["kind"], target["name"]) in names


def literals(where: str) -> dict[str, str]:
    """The settings that a kustomization generates."""
    [generated] = yaml.safe_load((FOLDER / where / "kustomization.yaml").read_text())["configMapGenerator"]
    return dict(line.split("=", 1) for line in generated["literals"])


@pytest.mark.parametrize("where", ["base", *(f"overlays/{name}" for name in OVERLAYS)])
def test_only_settings_that_the_store_reads_are_set(where: str) -> None:
    assert literals(where).keys() <= SETTINGS.keys()


def test_secrets_and_variables_of_containers_are_settings_too() -> None:
    example = (FOLDER / "overlays" / "production" / "secrets.env.example").read_text()
    names = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    names |= {variable["name"] for container in containers(base()) for variable in container.get("env", ())}
    assert names <= SETTINGS.keys() | OF_BOTO3


def test_git_ignores_the_file_of_secrets() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/kubernetes/**/secrets.env" in ignored
