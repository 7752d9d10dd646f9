"""The life of a row: every step from every state, and nobody else writes what it writes."""

import ast
from datetime import timedelta
from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from images import lifecycle, locks
from images.models import Image, Runner, Status
from images.tests.helpers import album, received, user
from tests import house

MINUTE = timedelta(minutes=1)
MADE = {"variants": {}, "placeholder": "", "width": 3, "height": 2}
# What each step is called with, on the rows it is asked to change.
CALLS = {
    "publish": lifecycle.publish,
    "ready": lambda rows: lifecycle.ready(rows, **MADE),
    "fail": lambda rows: lifecycle.fail(rows, code="damaged", detail="It is cut off."),
    "requeue": lifecycle.requeue,
    "doom": lifecycle.doom,
}
ALLOWED = {
    (Status.RECEIVING, "publish"): Status.PENDING,
    (Status.PENDING, "ready"): Status.READY,
    (Status.READY, "ready"): Status.READY,
    (Status.PENDING, "fail"): Status.FAILED,
    (Status.READY, "requeue"): Status.PENDING,
    (Status.FAILED, "requeue"): Status.PENDING,
    (Status.RECEIVING, "doom"): Status.DOOMED,
    (Status.PENDING, "doom"): Status.DOOMED,
    (Status.READY, "doom"): Status.DOOMED,
    (Status.FAILED, "doom"): Status.DOOMED,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def image():
    return received(album(user()))


def rows(image):
    return Image.objects.filter(pk=image.pk)


def snapshot(image):
    return Image.objects.filter(pk=image.pk).values().get()


@pytest.mark.parametrize(("status", "step"), list(product(Status, CALLS)), ids=lambda value: str(value))
def test_every_step_from_every_state(image, status, step):
    rows(image).update(status=status)
    before = snapshot(image)
    changed = CALLS[step](rows(image))
    expected = ALLOWED.get((status, step))
    assert changed == (expected is not None)
    if expected is None:
        assert snapshot(image) == before
    else:
        assert snapshot(image)["status"] == expected


def test_the_table_has_every_step():
    assert set(lifecycle.STEPS) == {step for _, step in ALLOWED} == set(CALLS)


def test_a_step_of_a_worker_whose_lease_another_took_over_changes_nothing(image):
    mine = lifecycle.lease(rows(image), -MINUTE)
    assert lifecycle.lease(rows(image), MINUTE)
    before = snapshot(image)
    assert lifecycle.ready(lifecycle.held(rows(image), mine), **MADE) == 0
    assert snapshot(image) == before


@pytest.mark.parametrize("step", ["publish", "ready", "fail"])
def test_the_end_of_work_lets_go(image, step):
    token = lifecycle.lease(rows(image), MINUTE)
    rows(image).update(status=Status.RECEIVING if step == "publish" else Status.PENDING)
    assert CALLS[step](lifecycle.held(rows(image), token)) == 1
    row = snapshot(image)
    assert (row["leased_until"], row["lease_token"]) == (None, None)


def test_dooming_leaves_a_running_lease(image):
    token = lifecycle.lease(rows(image), MINUTE)
    lifecycle.doom(rows(image))
    assert snapshot(image)["lease_token"] == token
    assert snapshot(image)["leased_until"] > timezone.now()


def test_requeueing_forgives_attempts_and_the_error(image):
    rows(image).update(status=Status.FAILED, attempts=2, error_code="damaged", error_detail="It is cut off.")
    lifecycle.requeue(rows(image))
    row = snapshot(image)
    assert (row["attempts"], row["error_code"], row["error_detail"]) == (0, "", "")


# ---- Leases, of images and of work on the whole store ------------------------------------------


@pytest.fixture(params=["image", "work"])
def leasable(request, image):
    Runner.objects.get_or_create(name="some work")
    return rows(image) if request.param == "image" else Runner.objects.filter(name="some work")


def test_a_lease_has_one_holder(leasable):
    token = lifecycle.lease(leasable, MINUTE)
    assert token
    assert lifecycle.lease(leasable, MINUTE) is None
    assert lifecycle.held(leasable, token).count() == 1
    assert lifecycle.held(leasable, uuid4()).count() == 0
    assert lifecycle.held(leasable, None).count() == 0


def test_a_lease_that_ended_is_anybodys(leasable):
    mine = lifecycle.lease(leasable, -MINUTE)
    other = lifecycle.lease(leasable, MINUTE)
    assert other
    assert lifecycle.extend(lifecycle.held(leasable, mine), MINUTE) == 0
    assert lifecycle.release(lifecycle.held(leasable, mine)) == 0
    assert lifecycle.held(leasable, other).count() == 1


def test_a_released_lease_is_free_at_once(leasable):
    token = lifecycle.lease(leasable, MINUTE)
    assert lifecycle.release(lifecycle.held(leasable, token)) == 1
    assert lifecycle.lease(leasable, MINUTE)


def test_an_extended_lease_lasts(leasable):
    token = lifecycle.lease(leasable, -MINUTE)
    assert lifecycle.extend(lifecycle.held(leasable, token), MINUTE) == 1
    assert lifecycle.lease(leasable, MINUTE) is None


@pytest.mark.parametrize("duration", [None, MINUTE])
def test_a_pause_keeps_others_away_but_not_who_may_end_it(leasable, duration):
    token = lifecycle.lease(leasable, MINUTE)
    assert lifecycle.pause(lifecycle.held(leasable, token), duration) == 1
    assert lifecycle.lease(leasable, MINUTE) is None
    assert lifecycle.lease(leasable, MINUTE, over_pause=True)
    assert lifecycle.lease(leasable, MINUTE, over_pause=True) is None


def test_a_lock_is_such_a_lease():
    with locks.hold("some work", MINUTE) as lock:
        assert lifecycle.held(Runner.objects.all(), lock.token).get().name == "some work"


# ---- Nobody else -------------------------------------------------------------------------------

WRITTEN_HERE_ONLY = {"status", "leased_until", "lease_token", "may_have_orphans"}
WRITERS = ("update", "create", "bulk_create", "Image", "Runner")


def written(source: str) -> set[str]:
    """The guarded columns that some code writes: as keywords of a writer, or as attributes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found |= {str(keyword.arg) for keyword in node.keywords if name in WRITERS}
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found & WRITTEN_HERE_ONLY


def product_modules():
    return [module for module in house.modules() if module.startswith("images.")]


def test_no_other_module_writes_status_and_leases():
    writers = set()
    for module in product_modules():
        path = Path(house.ROOT, *module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if written(file.read_text()):
            writers.add(module)
    assert writers == {"images.lifecycle"}


@pytest.mark.parametrize(
    "line", ["rows.update(status='ready')", "image.leased_until = None", "Image(lease_token=x)"]
)
def test_the_search_for_writers_can_find_one(line):
    assert written(line)
