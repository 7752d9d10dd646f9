"""How long the database may take, and who begins again after a deadlock."""

import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from imagestore.kit.database import retry_transaction
from tests.rows import album_of, image_in, person
from tests.servers import ROOT, fresh_schema

on_mysql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MySQL: runs in the half of the tests that is on its protocol",
)


# ---- Who hurries ------------------------------------------------------------------------------


@on_mysql
@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("pass", ""),
        ("from imagestore.kit.database import limit_statement_time as limit; limit()", "Lost connection"),
    ],
    ids=["an operator's command", "the server"],
)
def test_only_the_server_gives_up_a_statement_that_takes_long(before: str, said: str) -> None:
    statement = "from django.db import connection; connection.cursor().execute('SELECT SLEEP(4)')"
    with fresh_schema(os.environ["DATABASE_URL"]) as url:
        ended = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", f"{before}\n{statement}"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "DATABASE_TIMEOUT": "1"},
            capture_output=True,
            text=True,
        )
    assert (ended.returncode == 0) == (said == "")
    assert said in ended.stderr


# ---- Deadlocks --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_lost_deadlock_is_tried_again_but_not_inside_another_transaction() -> None:
    tries = []

    @retry_transaction
    def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    work()
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(OperationalError), transaction.atomic():
        work()
    assert len(tries) == 1


class Rival(threading.Thread):
    """Holds an album, and wants its owner as soon as somebody who has that one waits for the album."""

    def __init__(self, album: Album) -> None:
        super().__init__()
        self.album, self.holds = album, threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                # The server gives up whoever has changed least.
                other = person("rival")
                Album.objects.bulk_create([Album(owner=other, title=str(number)) for number in range(50)])
                Album.objects.select_for_update().get(pk=self.album.pk)
                self.holds.set()
                self._wait_for_a_waiter()
                User.objects.select_for_update().get(pk=self.album.owner_id)
        finally:
            connections.close_all()

    def _wait_for_a_waiter(self) -> None:
        deadline = time.monotonic() + 20
        with connection.cursor() as cursor:
            while not cursor.execute("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"):
                assert time.monotonic() < deadline, "nobody waits for the album"
                # Asked more often than ten times a second, the server repeats its old answer.
                time.sleep(0.2)

    def __enter__(self) -> "Rival":
        self.start()
        assert self.holds.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self.join()


@on_mysql
@pytest.mark.django_db(transaction=True)
def test_an_operator_who_loses_a_deadlock_is_asked_to_come_again(client: Client) -> None:
    """Django's admin wraps its pages in a transaction, which only they could begin again."""
    client.force_login(person("root", is_staff=True, is_superuser=True))
    image = image_in(album_of(person("alice")))
    page = reverse("admin:images_image_delete", args=[image.pk])
    with Rival(image.album):
        refused = client.post(page, {"post": "yes"})
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert client.post(page, {"post": "yes"}).status_code == 302
