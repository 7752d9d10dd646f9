"""Setup of all tests. It sets keys and a temporary folder before Django reads the settings."""

import atexit
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.core.cache import cache

from images.storage.url import storage_from_url
from tests.leaks import Search
from tests.seaweed import new_storage_url
from tests.servers import Server

# Fixtures that start a real server or a browser. A test that uses one is `slow` (pyproject.toml).
REAL_SERVERS = {"browser", "impatient", "own_server", "proxy", "redis", "server"}

pytest_plugins = ["tests.faults.counts", "accounts.tests.fixtures"]

_folder = tempfile.TemporaryDirectory(prefix="image-store-test-")
atexit.register(_folder.cleanup)
os.environ.update(
    DJANGO_SETTINGS_MODULE="imagestore.settings",
    SECRET_KEY="a key for tests only, known to everybody",
    JWT_SIGNING_KEY="another key for tests only, known to everybody",
    DATA_DIR=_folder.name,
    # Tests must not read a developer's .env.
    ENV_FILE=f"{_folder.name}/.env",
    LOG_LEVEL="WARNING",
)
Path(os.environ["ENV_FILE"]).touch()
# `DATABASE_URL=… pytest` chooses the database under test, `TEST_STORAGE=s3` the storage (tests/seaweed.py).
os.environ.pop("STORAGE_URL", None)
os.environ.pop("NEW_DATABASE_URL", None)
os.environ.pop("MIGRATION_DATABASE_URL", None)
# Tests must not use a Redis of others: they start their own (tests/redis_server.py).
os.environ.pop("REDIS_URL", None)
os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or f"sqlite:///{_folder.name}/db.sqlite3"

# Argon2 is slow on purpose. Static names with hashes would need a collectstatic.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
Server.settings_module = "tests.settings"
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
_database = settings.DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    # A file, as in production: threads that share a database in memory would lock each other out.
    _database.setdefault("TEST", {})["NAME"] = f"{_folder.name}/test.sqlite3"
django.setup()

_search = Search()
logging.getLogger().addHandler(_search)


@pytest.fixture(autouse=True)
def _no_secrets_in_the_log() -> Iterator[None]:
    """Whatever a test does, no line of the log may tell a secret. The logs of servers: tests/servers.py."""
    yield
    assert _search.take() == []


@pytest.fixture(autouse=True)
def _own_files_and_cache(settings, tmp_path: Path) -> None:
    """Give each test its own folders, which do not exist yet, and an empty cache."""
    settings.STAGING_DIR = tmp_path / "staging"
    images = storage_from_url(new_storage_url(), default=tmp_path / "images")
    settings.STORAGES = {**settings.STORAGES, "images": images}
    cache.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if REAL_SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
