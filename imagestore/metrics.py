"""`/metrics` for Prometheus: what this process has counted, and what the database and the disks say now.

Every server answers the numbers of the whole store, the same as the others. What it counts itself is its own.
docs/monitoring.md explains each metric.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import wait

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from accounts.models import OutgoingMail, User
from images import census
from images.models import CdnPurge, Finding, LastRun, Status, Upload
from images.storage import space
from imagestore.health import READY_SECONDS, Check, check_all
from imagestore.kit.metrics import REGISTRY, may_read

logger = logging.getLogger(__name__)

_STATES = {
    "waiting": Status.PENDING,
    "failed": Status.FAILED,
    "receiving": Status.RECEIVING,
    "deleting": Status.DOOMED,
}
_free_bytes = Check("disks", space.free_bytes)


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Without the token the answer is that of a path which does not exist."""
    if not may_read(request.headers.get("Authorization", "")):
        raise Http404
    body = generate_latest(REGISTRY) + generate_latest(_of_the_store)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class Store(Collector):
    """Asks at each scrape. What does not answer is left out: the rest is read in an outage above all."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        is_up = check_all()
        yield _gauge("up", "Whether this works: as /healthz/ready says it.", is_up, label="check")
        yield _gauge("build", "The version that runs.", {settings.VERSION: 1}, label="version")
        yield from _of_disks()
        for ask in _OF_THE_DATABASE if is_up["database"] else ():
            try:
                yield from list(ask())
            except Error as error:
                logger.warning("metrics are left out: %s (%s)", ask.__name__, type(error).__name__)


def _gauge(name: str, text: str, values: Mapping[str, float] | float, label: str = "") -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"imagestore_{name}", text, labels=[label] if label else [])
    for key, value in values.items() if isinstance(values, Mapping) else [("", values)]:
        gauge.add_metric([key] if label else [], value)
    return gauge


def _of_disks() -> Iterator[GaugeMetricFamily]:
    """A disk of the network may hang, so the answer is awaited for a while only."""
    asked = _free_bytes.start()
    wait([asked], READY_SECONDS)
    if asked.done() and not asked.exception():
        text = "What uploads may still fill; buckets have no limit."
        yield _gauge("disk_free_bytes", text, asked.result(), label="disk")


def _of_images() -> Iterable[GaugeMetricFamily]:
    text = f"Images by state; {census.COUNTED_ROWS} is that or more."
    yield _gauge(
        "queue", text, {state: census.in_status(status) for state, status in _STATES.items()}, label="state"
    )
    yield _gauge("images", "Images, without those that were trashed one by one.", census.images())
    yield _gauge(
        "original_bytes", "Bytes of originals and of open uploads, trash included.", census.original_bytes()
    )
    yield _gauge("open_uploads", "Resumable uploads that are open.", Upload.objects.open().count())
    yield _gauge("users", "Accounts.", User.objects.living().count())


def _of_mails() -> Iterable[GaugeMetricFamily]:
    mails = OutgoingMail.objects.aggregate(waiting=Count("due_at"), every=Count("pk"))
    states = {"waiting": mails["waiting"], "given_up": mails["every"] - mails["waiting"]}
    yield _gauge("mails", "Mails that have not left.", states, label="state")


def _of_cdn() -> Iterable[GaugeMetricFamily]:
    due = CdnPurge.objects.due().count()
    yield _gauge("cdn_purges", "Deleted images of which the CDN should have been told by now.", due)


def _of_upkeep() -> Iterable[GaugeMetricFamily]:
    runs = list(LastRun.objects.all())
    ended = {run.work: run.ended_at.timestamp() for run in runs}
    losses = {run.work: run.losses for run in runs}
    yield _gauge("last_run_timestamp_seconds", "When the command last came to its end.", ended, label="work")
    yield _gauge("last_run_losses", "Files that it found missing, damaged or unknown.", losses, label="work")
    yield _gauge("findings", "Findings that are not resolved.", Finding.objects.unresolved().count())


_OF_THE_DATABASE: list[Callable[[], Iterable[GaugeMetricFamily]]] = [_of_images, _of_mails, _of_cdn, _of_upkeep]
_of_the_store = CollectorRegistry()
_of_the_store.register(Store())
