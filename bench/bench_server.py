"""How long a client waits for uploads, lists and files. The server runs on SQLite and a local disk."""

import statistics
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from bench.bench_processing import show
from tests.servers import Server

PHOTOS = 40
ROUNDS = 100


class Client:
    def __init__(self, server: Server) -> None:
        self.base = f"{server.url}/api/v1"
        self.session = requests.Session()
        account = {"email": "bench@example.org", "password": "a long pass phrase"}
        answer = self.session.post(f"{self.base}/auth/register/", json=account).json()
        self.session.headers["Authorization"] = f"Bearer {answer['access']}"
        self.album = self.session.post(f"{self.base}/albums/", json={"title": "Bench"}).json()["id"]

    @property
    def images(self) -> str:
        return f"{self.base}/albums/{self.album}/images/"

    def upload(self, content: bytes) -> None:
        self.session.post(self.images, files={"file": ("photo.jpg", content)}).raise_for_status()

    def waits(self) -> bool:
        """Whether an image waits to be rendered, or is being."""
        return bool(self.session.get(f"{self.images}?page_size=1&status=pending").json()["results"])


def photo(seed: int) -> bytes:
    """A JPEG of 12 megapixels and about 3 MB, different for each seed."""
    small = np.random.default_rng(seed).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(small).resize((4032, 3024), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


def median_ms(work: Callable[[], object], rounds: int = ROUNDS) -> str:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return f"{statistics.median(times) * 1000:.1f} ms"


def bench_uploads(client: Client) -> None:
    photos = [photo(seed) for seed in range(PHOTOS)]
    size = sum(map(len, photos)) / PHOTOS / 1e6
    print(f"\nThe server, {PHOTOS} photos of 12 MP and {size:.1f} MB")
    started = time.perf_counter()
    waiting = iter(photos)
    show("upload, median answer", median_ms(lambda: client.upload(next(waiting)), PHOTOS))
    while client.waits():
        time.sleep(0.05)
    show("received and made", f"{PHOTOS / (time.perf_counter() - started):.1f} /s")
    show("the same bytes again", median_ms(lambda: client.upload(photos[0]), 20))


def bench_reads(client: Client) -> None:
    page = client.session.get(client.images).json()["results"]
    thumb = page[0]["variants"]["thumb"]["url"]
    show("list of 40 images", median_ms(lambda: client.session.get(client.images)))
    show("one image", median_ms(lambda: client.session.get(page[0]["url"])))
    show("thumb by its signed link", median_ms(lambda: client.session.get(thumb)))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), USER_QUOTA_BYTES="0").start()
        try:
            client = Client(server)
            bench_uploads(client)
            bench_reads(client)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
