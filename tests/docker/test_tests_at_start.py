"""The service `tests` of docker-compose.yml: the store starts only when it passed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.conftest import Composed

pytestmark = [pytest.mark.docker, pytest.mark.slow]
# Instead of all tests, those of albums, which need a database, and one more.
SOME = """services:
  tests:
    command: [python, -m, pytest, -q, albums/tests]
    volumes: ["{one_more}:/app/albums/tests/test_one_more.py:ro"]
"""


class StoreAfterTests(Composed):
    def __init__(self, folder: Path) -> None:
        (folder / "backup").mkdir()
        self._one_more, self._override = folder / "test_one_more.py", folder / "override.yml"
        self._override.write_text(SOME.format(one_more=self._one_more))
        super().__init__(folder / "backup", TESTS_AT_START="on")

    def compose(self, *arguments: str | Path) -> str:
        return super().compose("--file", "docker-compose.yml", "--file", self._override, *arguments)

    def up_with_a_test_that_asserts(self, what: str) -> None:
        self._one_more.write_text(f"def test_one_more():\n    assert {what}\n")
        self.up()


@pytest.fixture
def tested(tmp_path: Path) -> Iterator[StoreAfterTests]:
    tmp_path.chmod(0o755)
    started = StoreAfterTests(tmp_path)
    try:
        yield started
    finally:
        started.end()


def test_the_store_starts_only_when_all_tests_passed(tested: StoreAfterTests) -> None:
    with pytest.raises(AssertionError, match="tests"):
        tested.up_with_a_test_that_asserts("False")
    assert "1 failed" in tested.compose("logs", "tests")
    assert tested.compose("ps", "--quiet", "nginx").strip() == ""
    tested.up_with_a_test_that_asserts("True")
    # Their databases are gone, and the store has one of its own.
    databases = tested.store(
        "python", "manage.py", "shell", "-c",
        "from django.db import connection as c; k = c.cursor(); k.execute('SHOW DATABASES'); print(k.fetchall())",
    )  # fmt: skip
    assert "'store'" in databases
    assert "test" not in databases
