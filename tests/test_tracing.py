"""Spans reach a collector without what people sent; a dead one holds nothing up; without one nothing is loaded."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from images.tests.pictures import jpeg_bytes
from imagestore.kit import tracing
from tests.leaks import leaks_in
from tests.people import PATIENCE, Person
from tests.receivers import Taker, serving
from tests.servers import ROOT, Server, running

pytestmark = pytest.mark.slow

SETTING = "OTEL_EXPORTER_OTLP_ENDPOINT"
AWAY, BACK = "traces are lost", "takes traces again"


class Collector(ThreadingHTTPServer):
    """Takes what the library sends, or refuses it with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.bodies: list[bytes] = []
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def resources(self) -> list[dict[str, Any]]:
        return [_values(one.resource.attributes) for body in self.bodies for one in _parsed(body).resource_spans]

    def spans(self) -> list[Span]:
        return [
            span
            for body in self.bodies
            for resource in _parsed(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(Taker):
    server: Collector

    def take(self, body: bytes) -> None:
        assert self.path == "/v1/traces"
        if self.server.status == 200:
            self.server.bodies.append(body)
        else:
            self.server.refused += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _parsed(body: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(body)


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serving(Collector()) as server:
        yield server


def python(script: str, folder: Path, **knobs: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DATA_DIR": str(folder), **knobs}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:1"])
def test_the_library_is_loaded_only_with_the_setting(endpoint: str, tmp_path: Path) -> None:
    script = (
        "import sys, django; django.setup(); from imagestore.kit import tracing; tracing.start(); "
        "tracing.record_request('none', 'GET', 404, 0.1); tracing.record_render('JPEG', 'small', 'rendered', 0.1); "
        "print([name for name in ('opentelemetry', 'google.protobuf') if name in sys.modules])"
    )
    loaded = ["opentelemetry", "google.protobuf"] if endpoint else []
    ended = python(script, tmp_path, **{SETTING: endpoint})
    assert (ended.stdout, ended.stderr) == (f"{loaded}\n", "")


def test_without_its_packages_the_start_ends_with_one_line(tmp_path: Path) -> None:
    script = "import sys; sys.modules['opentelemetry'] = None; from deploy import serve; serve.main()"
    ended = python(script, tmp_path, **{SETTING: "http://127.0.0.1:1", "OTEL_SERVICE_NAME": "photos"})
    assert ended.returncode == 1
    assert ended.stderr == (
        "A setting is wrong: OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not installed: "
        "pip install --require-hashes -r requirements-tracing.txt (docs/monitoring.md, Traces).\n"
    )


def test_spans_of_requests_and_renders_arrive_without_what_people_sent(
    tmp_path: Path, collector: Collector
) -> None:
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=f"{collector.url}/", OTEL_SERVICE_NAME="photos") as server:
        ada = Person.sign_up(server, "ada")
        album = ada.album("Honeymoon")
        image = ada.picture(album, jpeg_bytes(400, 300), "Ada-in-Rome.jpg")
        whole = jpeg_bytes(400, 300)
        broken = ada.upload(album, whole[: len(whole) // 2], "Broken-Vase.jpg")
        ada.finished(album, [broken.json()["id"]])
        listed = ada.get(f"albums/{album}/images/?search=quagga")
        link = image["variants"]["thumb"]["url"]
        file = ada.get(link, expect=200)
        ada.get(link.replace("signature=", "signature=0"), expect=404)
        ada.get("/no/such/okapi?token=aardvark", expect=404, headers={"User-Agent": "numbat"})
        ada.call("BREW", "/healthz/live")
        ada.portal()
    # The server has sent the last of them while it stopped, before the library's interval.
    spans = collector.spans()
    requests = {_values(span.attributes).get("request_id"): span for span in spans}
    listing = requests[listed.headers["X-Request-ID"]]
    assert (listing.name, listing.kind) == ("GET api.images", Span.SPAN_KIND_SERVER)
    attributes = _values(listing.attributes)
    assert attributes.keys() == {"http.request.method", "http.response.status_code", "request_id", "user_id"}
    assert (attributes["http.request.method"], attributes["http.response.status_code"]) == ("GET", 200)
    assert 0 < listing.end_time_unix_nano - listing.start_time_unix_nano < PATIENCE * 10**9
    assert abs(listing.end_time_unix_nano / 1e9 - time.time()) < PATIENCE
    assert file.headers["X-Request-ID"] not in requests
    names = {span.name for span in spans}
    assert {"POST api.accounts", "POST api.albums", "POST api.images", "GET none", "other health"} <= names
    renders = [span for span in spans if span.name == "render"]
    assert [_values(span.attributes) for span in renders] == [
        {"format": "JPEG", "size": "small", "outcome": outcome} for outcome in (tracing.RENDERED, "damaged")
    ]
    assert [span.status.code for span in renders] == [Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR]
    # Each is a trace of its own, and has nothing beside its name and these attributes.
    assert {key for span in spans for key in _values(span.attributes)} == {*attributes, "format", "size", "outcome"}
    assert len({span.trace_id for span in spans}) == len(spans)
    assert [span for span in spans if span.parent_span_id or span.events or span.links or "/" in span.name] == []
    [resource, *_] = collector.resources()
    assert (resource["service.name"], resource["host.name"]) == ("photos", socket.gethostname())
    sent = b"\n".join(collector.bodies).decode("latin-1")
    assert leaks_in(sent) == []
    personal = (
        ada.email, "ada.", "127.", ada.token, album, image["id"], "Honeymoon", "Ada-in", "Broken", ".jpg", "quagga",
        "okapi", "aardvark", "numbat", "BREW", "signature",
    )  # fmt: skip
    assert [word for word in personal if word in sent] == []


def lines(server: Server, *events: str) -> list[str]:
    return [line for line in server.log.read_text().splitlines() if any(event in line for event in events)]


def test_an_outage_of_the_collector_is_one_line(tmp_path: Path, collector: Collector) -> None:
    collector.status = 503
    knobs = {SETTING: collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5"}
    with running(tmp_path, **knobs) as server:
        ada = Person.sign_up(server, "ada")

        def ask_until(is_so: Callable[[], Any]) -> None:
            deadline = time.monotonic() + PATIENCE
            while not is_so():
                assert time.monotonic() < deadline
                ada.get("albums/", expect=200)
                time.sleep(0.05)

        ask_until(lambda: collector.refused > 5)
        collector.status = 200
        ask_until(lambda: lines(server, BACK))
        assert [BACK in line for line in lines(server, AWAY, BACK, "opentelemetry", "export")] == [False, True]
        assert '"level": "warning"' in lines(server, AWAY)[0]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_dead_collector_holds_nothing_up(is_there: bool, tmp_path: Path) -> None:
    """One that takes connections and is silent, and one that is away."""
    # For so long the library tries to send a batch, and waits at its own shutdown.
    seconds = 30
    queue = {
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_BSP_MAX_QUEUE_SIZE": "20",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10",
    }
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        port = silent.getsockname()[1] if is_there else 1
        knobs = {SETTING: f"http://127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_TIMEOUT": str(seconds), **queue}
        with running(tmp_path, **knobs) as server:
            ada = Person.sign_up(server, "ada")
            began = time.monotonic()
            for _ in range(50):
                ada.get("albums/", expect=200)
            assert time.monotonic() - began < seconds / 2
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < seconds / 2
        assert len(lines(server, AWAY, "opentelemetry", "export", "Traceback")) <= 1
