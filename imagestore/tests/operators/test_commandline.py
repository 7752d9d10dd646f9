"""`manage.py` where it cannot work: one sentence, exit code 2, nothing made and nothing changed."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.mariadb import MariaDB
from tests.processes import free_port
from tests.servers import ROOT

pytestmark = pytest.mark.slow
on_mysql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MySQL: runs in the half of the tests that is on its protocol",
)
COMMANDS = [
    ["verify"], ["reconcile"], ["backup", "/nowhere/at/all"], ["invite"], ["render_again"], ["adopt_storage"],
    ["import_folder", "alice@example.org", "/nowhere"],
    ["createsuperuser", "--email", "root@example.org", "--noinput"],
]  # fmt: skip


def manage(data_dir: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Exit code, and the one line that it said."""
    env = {**os.environ, "DATA_DIR": str(data_dir), "STORAGE_URL": "", "DATABASE_URL": "", **environment}
    ended = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    return ended.returncode, line


def make_migrated_store(data_dir: Path) -> None:
    """A database with its tables, and an empty folder of images without an identity file."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=ROOT, env={**os.environ, "DATA_DIR": str(data_dir), "STORAGE_URL": "", "DATABASE_URL": ""}, check=True,
    )  # fmt: skip
    (data_dir / "images").mkdir()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_command_makes_an_empty_database(tmp_path: Path, words: list[str]) -> None:
    code, line = manage(tmp_path, *words)
    assert code == 2
    assert line.startswith(
        f"There is no database {tmp_path}/db.sqlite3. Run the command with the server's DATABASE_URL"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_said(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    code, line = manage(tmp_path, "verify")
    assert (code, line.split(" to version")[0]) == (2, f"The database {tmp_path}/db.sqlite3 is not migrated")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_text("text " * 1000)
    code, line = manage(tmp_path, "verify")
    assert (code, line) == (2, f"The database {tmp_path}/db.sqlite3 cannot be used: file is not a database")


def test_the_database_of_another_store_is_said(tmp_path: Path) -> None:
    make_migrated_store(tmp_path)
    (tmp_path / "images" / "image-store").write_text("0" * 32)
    code, line = manage(tmp_path, "invite")
    assert code == 2
    assert line.startswith(f"The database {tmp_path}/db.sqlite3 is not the one of the images in the storage. Run")


def test_a_wrong_setting_is_no_finding_of_verify(tmp_path: Path) -> None:
    assert manage(tmp_path, "verify", PORT="http") == (
        2,
        "A setting is wrong: PORT must be a whole number from 1 to 65535, not 'http'.",
    )


@pytest.mark.parametrize("words", [*COMMANDS, ["migrate"]], ids=lambda words: words[0])
def test_a_database_that_is_down_is_said(tmp_path: Path, words: list[str]) -> None:
    code, line = manage(tmp_path, *words, DATABASE_URL=f"mysql://store:hunter2@127.0.0.1:{free_port()}/store")
    assert code == 2
    assert line.startswith("The database store at 127.0.0.1 cannot be used: Can't connect to ")
    assert "hunter2" not in line


@on_mysql
def test_a_database_that_refuses_is_said(tmp_path: Path) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])
    address = url.netloc.rpartition("@")[2]
    code, line = manage(tmp_path, "verify", DATABASE_URL=url._replace(netloc=f"store:hunter2@{address}").geturl())
    assert (code, "cannot be used: Access denied for user 'store'" in line) == (2, True)


@on_mysql
def test_a_frozen_database_is_said_soon(tmp_path: Path) -> None:
    with MariaDB() as database, database.frozen():
        code, line = manage(tmp_path, "verify", DATABASE_URL=database.url)
    assert (code, line.startswith("The database store at 127.0.0.1 cannot be used: ")) == (2, True)


def test_a_restore_without_a_backup_makes_no_database(tmp_path: Path) -> None:
    code, line = manage(tmp_path, "restore", str(tmp_path))
    assert (code, "is no backup" in line) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_settings_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, line = manage(tmp_path, "verify", ENV_FILE="/nowhere/.env")
    assert (code, line) == (2, "A setting is wrong: ENV_FILE names a file that is not there: /nowhere/.env.")


@pytest.mark.parametrize("command", ["render_again", "reconcile", "verify"])
def test_without_the_storage_a_command_does_not_say_that_all_is_done(tmp_path: Path, command: str) -> None:
    make_migrated_store(tmp_path)
    code, line = manage(tmp_path, command)
    assert (code, "has no file image-store" in line) == (2, True)


def test_a_reader_that_leaves_ends_a_command_with_one_line() -> None:
    """As `manage.py check_settings | head -1` does."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "manage.py", "check_settings"],
        cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    os.close(writer)
    [line] = ended.stderr.splitlines()
    assert (ended.returncode, line.split(":")[0]) == (2, "The command ended early")
