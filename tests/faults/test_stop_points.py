"""The stop points are where the product is: a step that nobody passes would prove nothing."""

import functools
import importlib
import os
import subprocess
import sys

import pytest

from tests.faults.stops.stop_points import ALL, ON_S3, PAPER
from tests.servers import ROOT


def test_the_paper_numbers_them_in_the_order_of_the_work() -> None:
    assert [step.name[:2] for step in ALL] == [f"{number:02}" for number in range(1, len(ALL) + 1)]
    assert len(ALL) == PAPER.read_text().count(" in `images/")


@pytest.mark.parametrize("where", sorted({step.where for step in ALL} | set(ON_S3.values())))
def test_each_stop_point_names_a_function_of_the_product(where: str) -> None:
    module, function, when = where.split(":")
    assert callable(functools.reduce(getattr, function.split("."), importlib.import_module(module)))
    assert when in ("before", "after")


def test_the_product_knows_nothing_of_them() -> None:
    """They are armed by an environment variable that no line of the product reads."""
    rooms = [str(ROOT / room) for room in ("imagestore", "accounts", "albums", "images", "deploy")]
    found = subprocess.run(["grep", "-rlE", "STOPS|stop_points", "--include=*.py", *rooms], capture_output=True)
    assert found.stdout == b""


def test_without_an_order_they_do_nothing() -> None:
    """So in the children, whose environment holds nothing but paths."""
    folder = str(ROOT / "tests/faults/stops")
    env = {"PYTHONPATH": folder, "PATH": os.environ["PATH"]}
    look = "import sys; print([type(f).__name__ for f in sys.meta_path], 'stop_points' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", look], env=env, capture_output=True, text=True)
    assert "Wrapping" not in said.stdout
    assert "False" in said.stdout
