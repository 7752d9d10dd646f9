"""From HTTP to READY: photos a second of the whole server against its `render` alone, memory, and what others wait.

The server runs on SQLite and a local disk, its clients on the same machine.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from bench.bench_server import Client
from bench.goals import Goal, table
from bench.photos import TWELVE_MP, different_photos
from images.processing import Limits, render_in_child, warm_up
from tests.servers import Server

PHOTOS = 80
CLIENTS = 4
CORES = 2
LIST_SECONDS = 1
PSS_SECONDS = POLL_SECONDS = 0.25
_FORM_HEAD = b'--photo\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\n'
_FORM_END = b"\r\n--photo--\r\n"


class Meanwhile:
    """Asks for the list and looks at the server's memory, again and again, until the block ends."""

    def __init__(self, client: Client, server: Server) -> None:
        assert server.process is not None
        self._client, self._pid = client, server.process.pid
        self.list_ms: list[float] = []
        self.pss_mb: list[float] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._ask, LIST_SECONDS)),
            threading.Thread(target=self._repeat, args=(self._weigh, PSS_SECONDS)),
        ]

    def __enter__(self) -> "Meanwhile":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work, seconds: float) -> None:
        while not self._ended.wait(seconds):
            work()

    def _ask(self) -> None:
        started = time.perf_counter()
        self._client.session.get(self._client.images).raise_for_status()
        self.list_ms.append((time.perf_counter() - started) * 1000)

    def _weigh(self) -> None:
        self.pss_mb.append(pss_mb(self._pid))


def pss_mb(pid: int) -> float:
    """The memory of a process and all below it, in which shared pages count once (smaps_rollup)."""
    return sum(_pss_kb(one) for one in processes(pid)) / 1000


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (OSError, ProcessLookupError):  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def processes(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(children).split():
        yield from processes(int(child))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all below it and all that these have waited for (proc(5))."""
    ticks = 0
    for one in processes(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def upload_all(client: Client, server: Server, photos: list[bytes]) -> None:
    """By CLIENTS clients, each of which sends one after the other. Returns when all are READY."""
    waiting = iter(photos)
    lock = threading.Lock()

    def send() -> None:
        connection = HTTPConnection("localhost", server.port)
        while True:
            with lock:
                photo = next(waiting, None)
            if photo is None:
                return
            _post(connection, client, photo)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for sender in [pool.submit(send) for _ in range(CLIENTS)]:
            sender.result()
    while client.waits():
        time.sleep(POLL_SECONDS)


def _post(connection: HTTPConnection, client: Client, photo: bytes) -> None:
    headers = {
        "Authorization": str(client.session.headers["Authorization"]),
        "Content-Type": "multipart/form-data; boundary=photo",
    }
    connection.request("POST", client.images, b"".join((_FORM_HEAD, photo, _FORM_END)), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 201:
        raise RuntimeError(f"{answer.status}: {body!r}")


def render_all(folder: Path, photos: list[bytes]) -> float:
    """Photos a second of `render` alone, in as many children at once as there are cores."""
    warm_up()
    paths = [folder / f"photo-{number}" for number in range(len(photos))]
    for path, photo in zip(paths, photos, strict=True):
        path.write_bytes(photo)
    with ThreadPoolExecutor(CORES) as pool:
        started = time.perf_counter()
        list(pool.map(lambda path: render_in_child(path, _new_folder(path), Limits()), paths))
        return len(photos) / (time.perf_counter() - started)


def _new_folder(path: Path) -> Path:
    folder = path.with_suffix(".sizes")
    folder.mkdir()
    return folder


def goals(count: int = PHOTOS) -> Iterator[Goal]:
    photos = list(different_photos(TWELVE_MP, count))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone = render_all(folder, photos)
        server = Server(folder, USER_QUOTA_BYTES="0").start()
        try:
            assert server.process is not None
            client = Client(server)
            time.sleep(3)
            yield Goal("memory of the server (PSS), idle", pss_mb(server.process.pid), "MB", 110)
            cpu = cpu_seconds(server.process.pid)
            with Meanwhile(client, server) as meanwhile:
                started = time.perf_counter()
                upload_all(client, server, photos)
                rate = count / (time.perf_counter() - started)
            cpu = (cpu_seconds(server.process.pid) - cpu) / count * 1000
        finally:
            server.stop()
    what = f"{count} photos of 12 MP, {CLIENTS} clients"
    yield Goal(f"{what}, HTTP to READY ÷ `render` alone on {CORES} cores", rate, "/s", 0.85, alone, at_least=True)
    yield Goal(f"{what}: memory of the server (PSS)", max(meanwhile.pss_mb), "MB", 230)
    yield Goal(f"{what}: a list meanwhile, p95", statistics.quantiles(meanwhile.list_ms, n=20)[-1], "ms", 150)
    print(f"CPU of the server a photo: {cpu:.0f} ms")


def main() -> None:
    print(table(goals()))


if __name__ == "__main__":
    main()
