"""`/metrics`: closed without its token; with it, what this process counted and what the store holds."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import OutgoingMail
from accounts.outbox import queue as outbox
from images import census, lifecycle
from images.models import CdnPurge, Finding, Image, LastRun, Status
from images.processing import Crashed
from images.rendering import queue, variants
from images.storage import identity
from images.tests.helpers import album, colours, received, user, work_off
from images.tests.pictures import jpeg_bytes
from images.tests.uploads.resumable import begun
from images.upkeep.reconcile import reconcile
from imagestore import health
from imagestore import metrics as store
from imagestore.kit import tracing
from imagestore.kit.metrics import REGISTRY
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a token for tests only, known to everybody"
Series = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(autouse=True)
def _with_token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    identity.establish()


def scrape(**headers: str) -> Any:
    return Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})


def series(answer: Any = None) -> Series:
    """(name, values of labels) -> value."""
    text = (answer or scrape()).content.decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(act: Callable[[], Any], name: str, **labels: str) -> float:
    """By how much `act` raises this counter."""
    before = REGISTRY.get_sample_value(name, labels) or 0
    act()
    return (REGISTRY.get_sample_value(name, labels) or 0) - before


# ---- Who may read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", f"bearer {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é" * 30],
)
def test_without_the_token_there_is_no_such_page(given: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": given} if given else {})
    nowhere = Client().get("/nowhere", headers={"Authorization": given} if given else {})
    assert (answer.status_code, answer["Content-Type"]) == (404, nowhere["Content-Type"])
    assert "imagestore_" not in answer.content.decode()


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", "", f"Bearer {TOKEN}"])
def test_while_no_token_is_set_nothing_opens_it(settings, given: str) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": given}).status_code == 404


def test_no_cache_keeps_what_the_token_opens() -> None:
    answer = scrape(Host="10.42.0.17:9999")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code in (403, 405)


# ---- What is counted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "view", "status"),
    [
        ("GET", "/", "portal.accounts", "2xx"),
        ("GET", "/healthz/live", "health", "2xx"),
        ("GET", "/admin/login/", "operators.site", "3xx"),
        ("GET", "/admin/", "admin", "3xx"),
        ("GET", "/api/v1/albums/", "api.albums", "4xx"),
        ("GET", "/no/such/quagga", "none", "4xx"),
        ("BREW", "/healthz/live", "health", "2xx"),
    ],
)
def test_a_request_is_counted_by_its_view_and_by_nothing_that_its_client_chose(
    method: str, path: str, view: str, status: str
) -> None:
    def ask() -> None:
        Client().generic(method, path)

    labels = {"view": view, "method": "other" if method == "BREW" else method, "status": status}
    assert counted(ask, "imagestore_requests_total", **labels) == 1
    assert counted(ask, "imagestore_request_seconds_count", view=view) == 1
    text = scrape().content.decode()
    assert "quagga" not in text
    assert "BREW" not in text


def test_an_upload_is_counted_by_what_came_of_it() -> None:
    holiday, content = album(user()), jpeg_bytes()

    def upload() -> None:
        received(holiday, content)

    def upload_text() -> None:
        with suppress(Problem):
            received(holiday, b"no picture")

    assert counted(upload, "imagestore_upload_bytes_total") == len(content)
    assert counted(upload, "imagestore_upload_bytes_total") == 0
    assert counted(upload, "imagestore_uploads_total", outcome="known") == 1
    assert counted(upload_text, "imagestore_uploads_total", outcome="unsupported_format") == 1


def test_the_time_of_an_image_is_counted_by_its_format_and_size() -> None:
    received(album(user()), jpeg_bytes())
    assert counted(work_off, "imagestore_render_seconds_count", format="JPEG", size="small") == 1


def test_a_failure_is_counted_by_its_reason() -> None:
    content = jpeg_bytes(400, 300)
    received(album(user()), content[: len(content) // 2])
    assert counted(work_off, "imagestore_render_failures_total", reason="damaged") == 1


@pytest.mark.parametrize(("error", "tries"), [(Crashed(), 2), (OSError("the disk is gone"), 1)])
def test_each_try_that_fails_is_counted(error: Exception, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    received(album(user()))

    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(variants, "render_in_child", fail)
    reason = getattr(error, "code", "storage")
    assert counted(work_off, "imagestore_render_failures_total", reason=reason) == tries


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "rendered"),
        (Crashed(), "crashed"),
        (OSError("the disk is gone"), "storage"),
        (KeyError("a"), "error"),
    ],
)
def test_the_span_of_a_rendering_has_its_outcome(
    error: Exception | None, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[Any] = []
    monkeypatch.setattr(tracing, "record_render", lambda *span: spans.append(span[:3]))
    if error:
        monkeypatch.setattr(variants, "render_in_child", Mock(side_effect=error))
    received(album(user()))
    with suppress(KeyError):
        variants.render(queue.claim_next())
    assert spans == [("JPEG", "small", outcome)]


def test_a_lease_that_ran_out_is_counted_and_one_that_was_given_up_is_not() -> None:
    image = received(album(user()))
    row = Image.objects.filter(pk=image.pk)
    expiries = "imagestore_lease_expiries_total"
    assert counted(queue.claim_next, expiries, work="render") == 0
    row.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert counted(queue.claim_next, expiries, work="render") == 1
    for give_up in (lambda: lifecycle.pause(row, timedelta(seconds=-1)), lambda: lifecycle.lapse(row)):
        give_up()
        assert counted(queue.claim_next, expiries, work="render") == 0


def test_a_reception_whose_server_died_is_counted() -> None:
    image = received(album(user()))
    row = Image.objects.filter(pk=image.pk)
    row.update(status=Status.RECEIVING, leased_until=None, living_sha256=None)
    assert counted(reconcile, "imagestore_lease_expiries_total", work="reception") == 1


# ---- What the store holds ------------------------------------------------------------------------


def test_the_numbers_of_the_store() -> None:
    holiday = album(user())
    images = [received(holiday, content) for content in colours(3)]
    Image.objects.filter(pk=images[0].pk).update(status=Status.FAILED)
    begun(images[0].album, b"x")
    outbox.add(OutgoingMail.Kind.RESET, "ada@example.org")
    Finding.objects.note(kind=Finding.Kind.UNKNOWN_FILE, file="x", detail="", image=None)
    LastRun.objects.note(LastRun.VERIFY, losses=2)
    now = timezone.now()
    CdnPurge.objects.bulk_create(
        CdnPurge(image=uuid4(), due_at=now + timedelta(seconds=seconds)) for seconds in (-60, 60)
    )
    found = series()
    assert {labels[0]: value for (name, labels), value in found.items() if name == "imagestore_queue"} == {
        "waiting": 2, "failed": 1, "receiving": 0, "deleting": 0,
    }  # fmt: skip
    expected = {"images": 3, "open_uploads": 1, "users": 1, "findings": 1, "cdn_purges": 1}
    assert {name: found[f"imagestore_{name}", ()] for name in expected} == expected
    assert found["imagestore_original_bytes", ()] == sum(image.bytes for image in images) + 1
    assert (found["imagestore_mails", ("waiting",)], found["imagestore_mails", ("given_up",)]) == (1, 0)
    assert found["imagestore_last_run_losses", ("verify",)] == 2
    assert timezone.now().timestamp() - found["imagestore_last_run_timestamp_seconds", ("verify",)] < 60
    assert found["imagestore_disk_free_bytes", ("staging",)] > 0
    assert found["imagestore_up", ("database",)] == found["imagestore_up", ("storage",)] == 1
    assert found["imagestore_build", (settings.VERSION,)] == 1


def test_a_scrape_names_no_user_file_or_id() -> None:
    owner = user("secret.name@example.org")
    image = received(album(owner, "Secret title"), name="secret-file.jpg")
    text = scrape().content.decode()
    assert "secret" not in text.lower()
    assert str(image.public_id) not in text


def test_a_scrape_asks_as_often_for_many_rows_as_for_none() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert scrape().status_code == 200
        return len(captured)

    before = queries()
    owner = user()
    for content in colours(3):
        received(album(owner), content)
    assert (before, queries()) == (12, 12)


def test_without_the_database_the_rest_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._checks["database"], "_ask", lambda: False)
    found = series()
    assert found["imagestore_up", ("database",)] == 0
    assert ("imagestore_upload_bytes_total", ()) in found
    assert ("imagestore_images", ()) not in found


def test_a_query_that_fails_leaves_out_its_own_numbers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise OperationalError(1969, "max_statement_time exceeded")

    monkeypatch.setattr(census, "images", fail)
    found = series()
    assert ("imagestore_queue", ("waiting",)) not in found
    assert found["imagestore_mails", ("waiting",)] == 0


@pytest.mark.slow
def test_a_disk_that_hangs_does_not_hold_a_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    thaw = threading.Event()
    monkeypatch.setattr(store._free_bytes, "_ask", lambda: thaw.wait(30))
    began = time.monotonic()
    found = series()
    thaw.set()
    assert time.monotonic() - began < 4
    assert ("imagestore_disk_free_bytes", ("staging",)) not in found
    assert ("imagestore_images", ()) in found
