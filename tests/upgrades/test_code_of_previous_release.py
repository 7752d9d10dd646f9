"""Servers are updated one after the other: the previous release goes on where the new one has migrated."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass

import pytest

from images.tests.pictures import jpeg_bytes
from tests.faults.manage_command import manage
from tests.faults.store import Store
from tests.mariadb import fresh_schema
from tests.people import Person
from tests.servers import AS_DELIVERED
from tests.upgrades.previous import COMMIT, PreviousServer, code_of_previous, person, unpack

pytestmark = pytest.mark.slow


@dataclass
class Servers:
    """Two of one store: same database, same storage, a staging folder for each."""

    new: Store
    old: PreviousServer


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The store that the previous release left, migrated by this code, with a server of each."""
    code = code_of_previous(tmp_path_factory.mktemp("code"))
    if code is None:
        pytest.skip(f"NOT TESTED: this clone lacks the previous release, {COMMIT[:9]} (git fetch --unshallow)")
    folder, url = tmp_path_factory.mktemp("servers"), os.environ["DATABASE_URL"]
    with ExitStack() as stack:
        database = stack.enter_context(fresh_schema(url) if url.startswith("mysql") else nullcontext(""))
        new = Store(folder / "new", database, STORAGE_URL="", TRASH_DAYS="36500", **AS_DELIVERED)
        unpack(new.data, database)
        stack.callback(new.end)
        new.start()
        shared = {"STORAGE_URL": f"file://{new.data}/images", "DATABASE_URL": new.env["DATABASE_URL"]}
        old = PreviousServer(folder / "old", code, sys.executable, TRASH_DAYS="36500", **shared)
        stack.callback(old.end)
        yield Servers(new, old.start())


def at(server: Store, somebody: Person) -> Person:
    """The same user at this server, with a login of its own."""
    return person(server, somebody.email.partition("@")[0]).log_in()


@pytest.mark.parametrize("name", ["alice", "newcomer"])
def test_people_notice_nothing_at_the_old_server(servers: Servers, name: str) -> None:
    """Each thing that is done at one server holds at the other."""
    here = person(servers.old, name)
    if name == "newcomer":
        here.post("auth/register/", json={"email": here.email, "password": here.password}, expect=201)
    here.log_in()
    there = at(servers.new, here)
    album = here.album("Von alt")
    first = here.picture(album, jpeg_bytes(400, 300, comment=name.encode()), "eins.jpg")
    second = there.picture(album, jpeg_bytes(400, 301, comment=name.encode()), "zwei.jpg")
    assert {image["id"] for image in here.images(album)} == {first["id"], second["id"]}
    here.call("PATCH", f"images/{first['id']}/", json={"caption": "Am Hafen"}, expect=200)
    assert there.get(f"images/{first['id']}/", expect=200).json()["caption"] == "Am Hafen"
    for image in (first, second):
        assert here.get(f"images/{image['id']}/file/?size=thumb", expect=200).content
    here.delete(f"images/{second['id']}/", expect=204)
    there.post(f"trash/{second['id']}/restore/", expect=200)
    here.delete(f"images/{second['id']}/?permanent=true", expect=204)
    assert [image["id"] for image in there.images(album)] == [first["id"]]
    there.call("PATCH", f"albums/{album}/", json={"title": "Von neu"}, expect=200)
    assert "Von neu" in here.portal().get(f"{here.base}/albums/", timeout=60).text


def test_when_the_old_server_is_gone_nothing_is_wrong(servers: Servers) -> None:
    """What the old server could not write, such as words and months, is written now."""
    alice = person(servers.old, "alice").log_in()
    album = alice.album("Zuletzt")
    alice.picture(album, jpeg_bytes(500, 300), "Sandbank.jpg")
    assert servers.old.stop() == 0
    manage(servers.new, "render_again")
    manage(servers.new, "rebuild_search")
    manage(servers.new, "reconcile")
    manage(servers.new, "verify", "--checksums")
    there = at(servers.new, alice)
    assert [image["name"] for image in there.get("images/?search=sandbank", expect=200).json()["results"]] == [
        "Sandbank.jpg"
    ]
    months = there.get("images/months/", expect=200).json()["results"]
    assert sum(month["count"] for month in months) == sum(each["image_count"] for each in there.albums())
