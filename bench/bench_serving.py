"""A thumb by its signed link, beside the same bytes as a static file of WhiteNoise in the same server or nginx.

wrk asks with 32 connections. Both sides take turns within a run, and what counts is their CPU, not the time: so a
machine that is busy otherwise hardly changes the ratio.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from bench.bench_server import Client
from bench.goals import Goal, table
from tests.nginx_server import BEHIND_NGINX, Nginx
from tests.processes import Program, free_port
from tests.servers import ROOT, Server

CONNECTIONS = 32
ROUNDS = 9
ROUND_SECONDS = 1
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class WhiteNoise(Program):
    """bench.whitenoise_app in gunicorn, with the worker class and the settings of the store."""

    def __init__(self, folder: Path, files: Path) -> None:
        super().__init__(folder)
        self.files, self.port = files, free_port()
        self.url = f"http://localhost:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "bench.whitenoise_app"]

    def working_directory(self) -> Path:
        return ROOT

    def environment(self) -> dict[str, str]:
        own = {"PORT": str(self.port), "DATA_DIR": str(self.folder / "data"), "PEER_ROOT": str(self.files)}
        return {**os.environ, **own}

    def is_ready(self) -> bool:
        return _answers(self.url)


class StaticNginx(Nginx):
    def __init__(self, store: Server, files: Path) -> None:
        super().__init__(store)
        self.files = files

    def site(self) -> str:
        return f"server {{ listen 127.0.0.1:{self.port}; root {self.files}; }}"

    def is_ready(self) -> bool:
        return _answers(self.url)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code in (403, 404)
    except requests.ConnectionError:
        return False


def install_wrk() -> None:
    if shutil.which("wrk"):
        return
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "wrk"]):
        subprocess.run(["apt-get", *command], check=True, stdout=subprocess.DEVNULL)


def cpu_seconds(program: Program) -> float:
    """Of all processes in its group, since they began."""
    assert program.process is not None
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name: state, parent, group … user and system time (proc(5)).
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == program.process.pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_SECOND


def requests_per_cpu_second(url: str, *programs: Program) -> float:
    before = sum(map(cpu_seconds, programs))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_SECONDS}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    answered = re.search(r"(\d+) requests in", said)
    assert answered is not None
    return int(answered[1]) / (sum(map(cpu_seconds, programs)) - before)


def side_by_side(what: str, bound: float, ours: tuple[Program, ...], urls: tuple[str, str], peer: Program) -> Goal:
    link, static = urls
    rounds = [(requests_per_cpu_second(link, *ours), requests_per_cpu_second(static, peer)) for _ in range(ROUNDS)]
    medians = [statistics.median(side) for side in zip(*rounds, strict=True)]
    return Goal(what, medians[0], "/CPU s", bound, medians[1], at_least=True)


def goals() -> Iterator[Goal]:
    install_wrk()
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        files.mkdir()
        store = Server(Path(folder), USER_QUOTA_BYTES="0").start()
        try:
            link = _thumb(Client(store))
            (files / "thumb.jpg").write_bytes(requests.get(link, timeout=10).content)
            yield _beside_whitenoise(store, link, files)
        finally:
            store.stop()
        yield _behind_nginx(Path(folder), link.removeprefix(store.url), files)


def _beside_whitenoise(store: Server, link: str, files: Path) -> Goal:
    whitenoise = WhiteNoise(files, files).start()
    try:
        urls = link, f"{whitenoise.url}/thumb.jpg"
        return side_by_side("thumb by its link ÷ WhiteNoise in the same server", 0.8, (store,), urls, whitenoise)
    finally:
        whitenoise.stop()


def _behind_nginx(folder: Path, path: str, files: Path) -> Goal:
    with ExitStack() as stack:
        store = Server(folder, USER_QUOTA_BYTES="0", **BEHIND_NGINX).start()
        stack.callback(store.stop)
        nginx, static = stack.enter_context(Nginx(store)), stack.enter_context(StaticNginx(store, files))
        urls = f"{nginx.url}{path}", f"{static.url}/thumb.jpg"
        return side_by_side("the same behind nginx ÷ nginx with the file", 0.6, (nginx, store), urls, static)


def _picture() -> bytes:
    """Its thumb has about as many bytes as that of a photo."""
    small = np.random.default_rng(0).integers(0, 255, (75, 100, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(small).resize((1600, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


def _thumb(client: Client) -> str:
    client.upload(_picture())
    while client.waits():
        time.sleep(0.05)
    image = client.session.get(client.images).json()["results"][0]
    return str(image["variants"]["thumb"]["url"])


def main() -> None:
    print(table(goals()))


if __name__ == "__main__":
    main()
