"""deploy/image-store.service, by systemd's own tools; no systemd has to run."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from images.processing import seccomp
from tests.servers import ROOT

UNIT = (ROOT / "deploy" / "image-store.service").read_text()
# In tenths; a service without any of these settings has 9.6.
EXPOSURE = 14
# What images/processing/sandbox.py and seccomp.py call to confine a child.
OF_SANDBOX = {"prctl", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # Without a locale and colours.
    plain = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    return subprocess.run(["systemd-analyze", *map(str, arguments)], env=plain, capture_output=True, text=True)


@pytest.fixture(params=["as it is", "with what is commented out"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    text = UNIT.replace("/opt/image-store/.venv/bin/python", sys.executable)
    if request.param != "as it is":
        text = re.sub(r"^#(?=[A-Z]\w+=)", "", text, flags=re.MULTILINE)
        assert text.count("LoadCredential=") == 1
    file = tmp_path / "image-store.service"
    file.write_text(text)
    return file


def test_systemd_understands_every_line(unit: Path) -> None:
    done = analyze("verify", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_the_service_is_exposed_to_is_little(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", unit)
    assert done.returncode == 0, done.stdout


def test_a_line_that_systemd_does_not_know_is_noticed(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in analyze("verify", unit).stderr


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def test_the_store_has_its_time_before_systemd_kills_it() -> None:
    default = re.search(r"^#GRACEFUL_TIMEOUT=(\d+)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert default is not None
    assert int(values("TimeoutStopSec")[0]) > int(default[1])


@cache
def calls_of(group: str) -> frozenset[str]:
    """The system calls of a group of systemd's."""
    listed = [line.strip() for line in analyze("syscall-filter", group).stdout.splitlines()[1:]]
    names = {line for line in listed if line and not line.startswith("#")}
    groups = {name for name in names if name.startswith("@")}
    return frozenset(names - groups).union(*map(calls_of, groups))


def test_its_filter_leaves_the_calls_of_the_sandbox_and_of_decoders() -> None:
    allowed: set[str] = set()
    for value in values("SystemCallFilter"):
        words = value.removeprefix("~").split()
        named = {call for word in words for call in (calls_of(word) if word.startswith("@") else {word})}
        allowed = allowed - named if value.startswith("~") else allowed | named
    assert {*seccomp._CALLS, *OF_SANDBOX} - allowed == set()
    assert "mount" not in allowed
