"""All rows go to another kind of database, and back, as they are; a run that dies is repeated."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as DjangosSession
from django.core.management import CommandError
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import Invitation, OutgoingMail, Session, User
from accounts.tokens import issue
from albums.models import Album
from images.models import CdnPurge, Finding, Image, LastRun, RenderAgain, Runner, Store
from images.storage import identity
from images.upkeep import move_database
from images.upkeep.move_database import (
    NEW,
    Refused,
    check_new_database,
    compare,
    copy_all,
    count_different,
    finish,
)
from imagestore.kit import tables
from imagestore.kit.database_url import database_from_url
from imagestore.tests.operators.helpers import run
from tests.mariadb import MariaDB, connect, fresh_schema
from tests.processes import free_port
from tests.rows import World, album_of, image_in, person

# Slow, because each test migrates an empty database.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# Emoji of one and of several code points, decomposed, right to left, signs of SQL and JSON, spaces at the end.
WILD = "😀👩\u200d👩\u200d👧 e\u0301 Ünï שלום عليكم '\"\\%s {} \u2028\u200f\t end  "
EARLY, LATE = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture(scope="module")
def mysql() -> Iterator[str]:
    """The URL of an empty schema's server."""
    if os.environ["DATABASE_URL"].startswith("mysql"):
        yield os.environ["DATABASE_URL"]
        return
    with MariaDB() as server:
        yield server.url


@pytest.fixture(params=["sqlite", "mysql"])
def target(request, tmp_path: Path, monkeypatch) -> Iterator[str]:
    """The URL of a database that is not there yet, or empty."""
    with ExitStack() as stack:
        if request.param == "mysql":
            url = stack.enter_context(fresh_schema(request.getfixturevalue("mysql")))
        else:
            url = f"sqlite:///{tmp_path}/new.sqlite3"
        databases = {"default": {}, NEW: database_from_url(url, tmp_path)}
        monkeypatch.setitem(connections.settings, NEW, connections.configure_settings(databases)[NEW])
        # Django's tests let no database be connected that was unknown when they began.
        monkeypatch.setattr(connections[NEW], "ensure_connection", lambda: ensure_connection(connections[NEW]))
        yield url
        connections[NEW].close()
        del connections[NEW]


def ensure_connection(wrapper) -> None:
    if wrapper.connection is None:
        with wrapper.wrap_database_errors:
            wrapper.connect()


def everything() -> World:
    """A row of each table, with what is hard to store."""
    world = World()
    alice, image = world.alice, world.image
    Image.objects.filter(pk=image.pk).update(
        name=WILD, caption=WILD * 20, taken_at=EARLY, sorted_at=LATE, taken_offset_minutes=-720,
        exposure={"focal_length_mm": 0.1, "aperture": None, "seconds": 1e-300, "iso": 2**31, WILD: [True, ""]},
        lease_token=UUID(int=2**128 - 1), leased_until=LATE, crc32=2**32 - 1, position=-(2**63), bytes=2**63 - 1,
    )  # fmt: skip
    Album.objects.filter(pk=world.album.pk).update(title=WILD, description="", updated_at=EARLY)
    issue(alice)
    group = Group.objects.create(name=WILD[:100])
    group.permissions.set(Permission.objects.all()[:3])
    alice.groups.add(group)
    alice.user_permissions.add(Permission.objects.last())
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=alice, content_type=kind, object_id="1", object_repr=WILD, action_flag=2, change_message=WILD
    )
    address = EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    EmailConfirmation.objects.create(email_address=address, key="k" * 64)
    for model in (Session, DjangosSession):
        model.objects.create(session_key="s" * 32, session_data=WILD * 1000, expire_date=timezone.now())
    OutgoingMail.objects.create(kind="reset", address=alice.email, created_at=timezone.now())
    Invitation.objects.create(token_hash="0" * 64)
    Finding.objects.note(kind="unknown_file", file=WILD, detail="", image=None)
    RenderAgain.objects.create(image=image, owner=alice)
    LastRun.objects.note(LastRun.VERIFY, losses=2)
    CdnPurge.objects.create(image=UUID(int=2**128 - 1), due_at=LATE)
    Runner.objects.create(name=WILD[:30], token=UUID(int=1), leased_until=timezone.now())
    return world


def contents(alias: str) -> dict[str, list[str]]:
    """Each table as text, read by Django, but not by the code under test."""
    return {
        model._meta.db_table: sorted(
            json.dumps(row, default=repr, sort_keys=True) for row in model._base_manager.using(alias).values()
        )
        for model in tables.models_with_tables()
    }


def move() -> None:
    check_new_database()
    copy_all()
    assert finish() == []


def test_each_row_arrives_as_it_is_and_the_store_s_id_comes_last(target):
    everything()
    assert [table for table, rows in contents("default").items() if not rows] == []
    check_new_database()
    copy_all()
    assert Store.objects.using(NEW).get().marker != Store.objects.get().marker
    assert compare() == []
    assert finish() == []
    assert contents(NEW) == contents("default")


def test_a_key_that_was_given_is_not_given_again(target):
    world = World()
    newest = album_of(world.alice, "newest")
    key, _ = newest.pk, newest.delete()
    move()
    assert Album.objects.using(NEW).create(owner_id=world.alice.pk, title="newer").pk > key


def test_a_run_that_dies_at_any_batch_is_repeated(target, monkeypatch):
    monkeypatch.setattr(tables, "BATCH_KEYS", 3)
    World()
    copy, passed = move_database._copy, []

    def die(model, rows):
        passed.append(model)
        copy(model, rows)
        if rows:
            raise KeyboardInterrupt

    monkeypatch.setattr(move_database, "_copy", die)
    deaths = 0
    while True:
        check_new_database()
        try:
            copy_all()
            break
        except KeyboardInterrupt:
            deaths += 1
    assert deaths > 10
    assert finish() == []
    assert contents(NEW) == contents("default")


def test_what_comes_changes_and_goes_meanwhile_is_told_then_follows(target):
    world = World()
    copy_all()
    # The hash is another image's now, which has a lower key: no two may have it in one album.
    sha256 = world.trashed.living_sha256
    Image.objects.filter(pk=world.trashed.pk).update(living_sha256=None)
    Image.objects.filter(pk=world.image.pk).update(living_sha256=sha256, caption=WILD)
    image_in(world.album, "new.jpg")
    upload, _ = world.upload.pk, world.upload.delete()
    told = [str(each) for each in finish()]
    assert f"images_image {world.image.pk}: differs in caption, living_sha256" in told
    assert f"images_upload {upload}: only there" in told
    assert [line for line in told if re.fullmatch(r"images_image \d+: missing there", line)] != []
    assert Store.objects.using(NEW).get().marker != Store.objects.get().marker
    move()
    assert contents(NEW) == contents("default")


def test_a_dry_run_counts_and_makes_nothing(target, tmp_path):
    World()
    rows = sum(map(len, contents("default").values())) - 1
    check_new_database()
    assert (count_different(), (tmp_path / "new.sqlite3").exists()) == (rows, False)
    if connections[NEW].vendor == "mysql":
        assert connections[NEW].introspection.table_names() == []
    copy_all()
    Album.objects.update(title="other")
    assert count_different() == 1


def test_no_server_starts_on_a_database_that_is_being_filled(target, monkeypatch):
    World()
    copy_all()
    own = Store.objects.get().marker
    Store.objects.update(marker=Store.objects.using(NEW).get().marker)
    with pytest.raises(identity.NotOurStorage, match="belongs to another database"):
        identity.establish()
    Store.objects.update(marker=own)
    identity.establish()


def test_databases_of_others_are_refused(target):
    World()
    copy_all()
    Store.objects.using(NEW).update(marker=UUID(int=1))
    with pytest.raises(Refused, match="of another store"):
        check_new_database()
    Store.objects.using(NEW).all().delete()
    with pytest.raises(Refused, match="is not empty"):
        check_new_database()
    Store.objects.using(NEW).create(marker=Store.objects.get().marker)
    with pytest.raises(Refused, match="holds this store already"):
        check_new_database()
    MigrationRecorder(connections[NEW]).record_applied("images", "9999_newer")
    with pytest.raises(Refused, match="is newer than this code"):
        check_new_database()


def test_tables_of_others_are_refused(target):
    World()
    with connections[NEW].cursor() as cursor:
        cursor.execute("CREATE TABLE notes (text VARCHAR(10))")
    with pytest.raises(Refused, match="is not empty"):
        check_new_database()


def test_a_database_that_was_migrated_only_is_taken(target):
    World()
    move_database._make_tables()
    move()
    assert contents(NEW) == contents("default")


def test_a_database_newer_than_the_code_is_refused(target):
    World()
    recorder = MigrationRecorder(connection)
    recorder.record_applied("images", "9999_newer")
    try:
        with pytest.raises(Refused, match="newer than this code: move it with the version"):
            check_new_database()
    finally:
        recorder.record_unapplied("images", "9999_newer")


def test_without_a_new_database_it_says_what_to_set():
    with pytest.raises(Refused, match="Set NEW_DATABASE_URL"):
        check_new_database()


@contextmanager
def another_process():
    """It has the old database open, and does nothing."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "mysql":
        with closing(connect(os.environ["DATABASE_URL"], database=name)):
            yield
        return
    code = f"import sqlite3; c = sqlite3.connect({str(name)!r}); c.execute('SELECT * FROM images_store').fetchall()"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; print(); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        yield
        process.communicate(b"\n")


def test_the_move_does_not_end_while_a_server_has_the_old_database_open(target):
    World()
    copy_all()
    with another_process(), pytest.raises(Refused, match="is in use: stop the server"):
        finish()
    assert finish() == []


@pytest.mark.skipif(
    os.environ["DATABASE_URL"].startswith("mysql"),
    reason="about what SQLite alone stores: runs in the half of the tests that is on SQLite",
)
@pytest.mark.parametrize("target", ["mysql"], indirect=True)
class TestWhatMySqlDoesNotStore:
    def test_texts_that_it_counts_as_equal_are_told_before_a_row_is_copied(self, target):
        for name in ("jose", "josé", "plain"):
            person(name)
        Group.objects.bulk_create([Group(name="Friends"), Group(name="friends"), Group(name="foes")])
        out, err = run("migrate_database", dry_run=True, ends=1)
        assert out == ""
        assert [re.sub(r"\b\d+", "N", line) for line in err.splitlines()] == [
            "auth_group N and N have the same name there: 'Friends' and 'friends'",
            "accounts_user N and N have the same email there: 'jose@example.org' and 'josé@example.org'",
            "Change one of each pair first: no row is copied.",
        ]
        assert connections[NEW].introspection.table_names() == []

    def test_a_text_that_is_too_long_is_told_by_its_table_and_column(self, target):
        Image.objects.filter(pk=World().image.pk).update(camera="x" * 101)
        with pytest.raises(Refused, match="A row of images_image cannot be stored there: Data too long for column"):
            copy_all()


def test_the_command_tells_what_it_does_and_what_to_do_next(target):
    World()
    rows = sum(map(len, contents("default").values())) - 1
    assert run("migrate_database", dry_run=True)[0] == f"rows to be copied or removed there: {rows}\n"
    run("migrate_database")
    told, _ = run("migrate_database", finish=True)
    assert told == (
        f"rows copied: 0\nrows removed there: 0\nrows compared, all equal: {rows}\n"
        "Set DATABASE_URL to the new database, remove NEW_DATABASE_URL, and start the server.\n"
    )
    with pytest.raises(CommandError, match="The database is not moved: NEW_DATABASE_URL holds this store already"):
        run("migrate_database")


def test_a_row_that_differs_at_the_end_is_told_and_ends_nothing(target, monkeypatch):
    world = World()
    copy = move_database.copy_all

    def copy_and_change(*args):
        report = copy(*args)
        Album.objects.filter(pk=world.album.pk).update(title="changed")
        return report

    monkeypatch.setattr(move_database, "copy_all", copy_and_change)
    _, err = run("migrate_database", finish=True, ends=1)
    assert err.splitlines()[0] == f"albums_album {world.album.pk}: differs in title"
    assert Store.objects.using(NEW).get().marker != Store.objects.get().marker


def test_a_database_that_does_not_answer_is_told_without_its_password(monkeypatch, tmp_path):
    url = f"mysql://store:hunter2@127.0.0.1:{free_port()}/store"
    databases = {"default": {}, NEW: database_from_url(url, tmp_path)}
    monkeypatch.setitem(connections.settings, NEW, connections.configure_settings(databases)[NEW])
    monkeypatch.setattr(connections[NEW], "ensure_connection", lambda: ensure_connection(connections[NEW]))
    with pytest.raises(CommandError) as refused:
        run("migrate_database")
    del connections[NEW]
    assert str(refused.value).startswith(
        "The database is not moved: The database store at 127.0.0.1 cannot be used"
    )
    assert "hunter2" not in str(refused.value)
