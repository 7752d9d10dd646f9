"""The Docker engine for tests: commands, and containers that end with their test."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import requests

from tests.servers import ROOT

IMAGE = "image-store:tests"
PATIENCE = 120


def docker(*arguments: str | Path, seconds: float = 600, may_fail: bool = False) -> str:
    """What `docker ARGUMENTS` prints."""
    return _run(["docker", *map(str, arguments)], seconds, may_fail)


def compose(*arguments: str | Path, env: dict[str, str], seconds: float = 3600) -> str:
    """Compose as a plugin of Docker, or as Debian 12 has it."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    return _run(
        [*(["docker", "compose"] if plugin else ["docker-compose"]), *map(str, arguments)], seconds, False, env
    )


def _run(command: Sequence[str], seconds: float, may_fail: bool, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds)
    assert may_fail or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout + done.stderr


def build() -> str:
    """The image of this checkout. Its layers are kept, so that the next build takes seconds."""
    assert shutil.which("docker"), "tests/docker needs a Docker engine"
    docker("build", "--target", "app", "--tag", IMAGE, ".", seconds=1800)
    return IMAGE


def answers(url: str, seconds: float = PATIENCE) -> requests.Response:
    """The first answer of the address that is a 200."""
    deadline = time.monotonic() + seconds
    while True:
        complaint = ""
        try:
            answer = requests.get(url, timeout=5)
            if answer.status_code == 200:
                return answer
            complaint = answer.text[:500]
        except requests.RequestException as error:
            complaint = str(error)
        assert time.monotonic() < deadline, f"{url}: {complaint}"
        time.sleep(0.5)


class Container:
    """`docker run` in the host's network, until the test ends."""

    def __init__(self, *options: str, image: str = IMAGE, command: Sequence[str] = ()) -> None:
        self.id = docker("run", "--detach", "--network=host", *options, image, *command).splitlines()[0]

    def wait(self) -> int:
        """Its exit code."""
        return int(docker("wait", self.id, seconds=PATIENCE).strip())

    def stop(self, seconds: int) -> int:
        """SIGTERM, SIGKILL after so many seconds; its exit code."""
        docker("stop", "--time", str(seconds), self.id)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.id).strip())

    def run(self, *command: str) -> str:
        return docker("exec", self.id, *command)

    @property
    def log(self) -> str:
        return docker("logs", self.id)

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.id, may_fail=True)
