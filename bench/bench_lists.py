"""Lists of an owner with 10,000 albums and 10⁶ images, against those of one with 10 albums and 10³ images.

python -m bench.bench_lists                 on a private MariaDB, which is filled first, in ten minutes
python -m bench.bench_lists FOLDER          the same, but the data stay in FOLDER for the next time (bench.million)
python -m bench.bench_lists DATABASE_URL    on a server of yours, such as a MySQL: mysql://user:password@host:port/name

Requests of both owners alternate, through all of Django but no network. Then come the plans of all queries, on that
server and on SQLite; one that reads or sorts a whole set is marked. To measure one more list, add it to `LISTS`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from accounts.models import User
from accounts.tokens import issue
from albums.models import Album
from bench.goals import Goal, table
from bench.million import LastingMariaDB, fill
from bench.million_rows import LARGE, SMALL
from images import services
from images.models import Image
from tests.mariadb import connect

ROUNDS = 40
# The settings of the process that measures. A quota, because a page of an album asks for more with one.
_SETTINGS = {"USER_QUOTA_BYTES": str(10**14), "LOG_LEVEL": "WARNING"}
_PLAIN_STATIC = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


class Owner:
    """One owner, and what the addresses of lists need of theirs."""

    def __init__(self, email: str) -> None:
        self.user = User.objects.get(email=email)
        self.page, self.api = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
        self.page.force_login(self.user)
        self.api.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue(self.user).access}"

    @cached_property
    def largest(self) -> Album:
        album: Album = self.user.albums.latest("image_count")
        return album

    @cached_property
    def middle(self) -> Image:
        """An image in the middle of the largest album."""
        images = self.largest.images.living().order_by("pk")
        image: Image = images[self.largest.image_count // 2]
        return image

    @cached_property
    def deep(self) -> str:
        """The cursor of the page behind `middle`."""
        images = self.largest.images.living().filter(pk__lte=self.middle.pk)
        return services.LIST.read({"page_size": "1"}).page(images).next_cursor or ""

    def get(self, url: str) -> None:
        answer = (self.api if url.startswith("/api/") else self.page).get(url)
        assert answer.status_code == 200, answer.content


@dataclass(frozen=True)
class Measured:
    name: str
    url: Callable[[Owner], str]
    bound: float = 1.5
    """How many times as long the large owner may wait (p95)."""


def _images(query: str) -> Callable[[Owner], str]:
    return lambda owner: f"/api/v1/albums/{owner.largest.public_id}/images/{query.format(deep=owner.deep)}"


def _all(query: str) -> Callable[[Owner], str]:
    return lambda owner: f"/api/v1/images/{query.format(middle=owner.middle.public_id)}"


LISTS = (
    Measured("albums/, 50 albums against 10", lambda owner: "/api/v1/albums/"),
    Measured("albums/, 10 albums each", lambda owner: "/api/v1/albums/?page_size=10"),
    Measured("albums/ by title, 10 each", lambda owner: "/api/v1/albums/?page_size=10&ordering=title"),
    Measured("albums/ by change, 10 each", lambda owner: "/api/v1/albums/?page_size=10&ordering=-updated_at"),
    Measured("albums/ searched, 1 each", lambda owner: "/api/v1/albums/?page_size=1&search=20"),
    Measured("albums/ searched, nothing found", lambda owner: "/api/v1/albums/?search=zzzz"),
    Measured("page of albums, 50 against 10", lambda owner: "/albums/"),
    Measured("page of albums, 10 each", lambda owner: "/albums/?page_size=10"),
    Measured("album", lambda owner: f"/api/v1/albums/{owner.largest.public_id}/"),
    Measured("page of the largest album", lambda owner: f"/albums/{owner.largest.public_id}/"),
    Measured("images of the largest album", _images("")),
    Measured("the same by taken_at", _images("?ordering=taken_at")),
    Measured("the same by name", _images("?ordering=name")),
    Measured("the same, deep", _images("?cursor={deep}")),
    Measured("the same, failed ones, 1 each", _images("?page_size=1&status=failed")),
    Measured("the same, searched: nothing found", _images("?search=zzzz")),
    Measured("the same, searched: a frequent word", _images("?search=harbour&page_size=10")),
    Measured("page of an image in it", lambda owner: f"/images/{owner.middle.public_id}/"),
    Measured("all images", _all("")),
    Measured("all images by name", _all("?ordering=name")),
    Measured("all images around one", _all("?around={middle}")),
    Measured("all images, failed ones, 1 each", _all("?page_size=1&status=failed")),
    Measured("all images, favourites", _all("?page_size=10&favourite=true")),
    Measured("all images, before a day", _all("?taken_before=2025-01-01&page_size=10")),
    Measured("all images, searched: nothing found", _all("?search=zzzz")),
    Measured("all images, searched: a frequent word", _all("?search=harbour&page_size=10")),
    Measured("all images by month", _all("months/")),
    Measured("trash/, 10 each", lambda owner: "/api/v1/trash/?page_size=10"),
)


# ---- In the process that measures --------------------------------------------------------------


def measure() -> Iterator[dict[str, Any]]:
    """Figures of both owners for each list, then the plans of its queries."""
    small, large = Owner(SMALL.email), Owner(LARGE.email)
    for listed in LISTS:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for owner, found in zip((small, large), times, strict=True):
                found.append(_milliseconds(owner, listed.url(owner)))
        yield {"name": listed.name, "small": times[0], "large": times[1], "plans": _plans(large, listed.url(large))}


def plans_alone() -> Iterator[dict[str, Any]]:
    """SQLite plans alike for few rows and many, because it has no statistics of them."""
    owner = Owner(SMALL.email)
    for listed in LISTS:
        yield {"name": listed.name, "plans": _plans(owner, listed.url(owner))}


def _milliseconds(owner: Owner, url: str) -> float:
    started = time.perf_counter()
    owner.get(url)
    return (time.perf_counter() - started) * 1000


def _plans(owner: Owner, url: str) -> list[str]:
    """What the database reads for each query of rows, a line for each table."""
    with CaptureQueriesContext(connection) as queries:
        owner.get(url)
    asked = [
        query["sql"]
        for query in queries.captured_queries
        if "albums_album" in query["sql"] or "images_" in query["sql"]
    ]
    with closing(connection.cursor()) as cursor:
        return [line for sql in asked for line in _plan(cursor, sql)]


def _plan(cursor: Any, sql: str) -> list[str]:
    if connection.vendor == "sqlite":
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [row[3] for row in cursor.fetchall()]
        return [_marked(step, "SCAN" in step or "TEMP B-TREE" in step) for step in steps]
    cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {sql}")
    rows = [dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor.fetchall()]
    return [
        _marked(
            f"{row['table']}: {row['type']} {row['key']}, about {row['rows']} rows; {row['Extra']}",
            # Tables in brackets are made of a statement's part, which is shown with its own table.
            (row["type"] in ("ALL", "index") and not (row["table"] or "<").startswith("<"))
            or "filesort" in (row["Extra"] or "")
            or "temporary" in (row["Extra"] or ""),
        )
        for row in rows
    ]


def _marked(step: str, is_bad: bool) -> str:
    return f"{'!!' if is_bad else '  '} {step}"


# ---- In the process that starts it ---------------------------------------------------------------


def _run(work: str, database_url: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.bench_lists", work]
    environment = os.environ | _SETTINGS | {"DATABASE_URL": database_url}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def figures(database_url: str) -> list[dict[str, Any]]:
    fill(database_url)
    return _run("measure", database_url)


def goals() -> Iterator[Goal]:
    with tempfile.TemporaryDirectory() as temporary, LastingMariaDB(Path(temporary) / "mariadb") as database:
        yield from _goals(figures(database.url))


def _goals(found: list[dict[str, Any]]) -> Iterator[Goal]:
    for listed, times in zip(LISTS, found, strict=True):
        yield Goal(f"{listed.name}, p95", _p95(times["large"]), "ms", listed.bound, peer=_p95(times["small"]))


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _version(database_url: str) -> str:
    with closing(connect(database_url)) as server:
        cursor = server.cursor()
        cursor.execute("SELECT @@version_comment, @@version")
        return " ".join(cursor.fetchone())


def _show_plans(title: str, found: list[dict[str, Any]]) -> None:
    print(f"\nPlans of {title}")
    for one in found:
        print(one["name"], *one["plans"], sep="\n  ")


def main(database_url: str) -> None:
    found = figures(database_url)
    print(table(_goals(found)))
    _show_plans(_version(database_url), found)
    with tempfile.TemporaryDirectory() as temporary:
        sqlite = f"sqlite:///{temporary}/db.sqlite3"
        fill(sqlite, SMALL)
        _show_plans("SQLite", _run("plans", sqlite))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure" | "plans" as work]:
            with override_settings(STORAGES=_PLAIN_STATIC):
                for one in measure() if work == "measure" else plans_alone():
                    print(json.dumps(one), flush=True)
        case [database_url] if "://" in database_url:
            main(database_url)
        case [folder]:
            with LastingMariaDB(Path(folder) / "mariadb") as database:
                main(database.url)
        case _:
            with tempfile.TemporaryDirectory() as name, LastingMariaDB(Path(name) / "mariadb") as database:
                main(database.url)
