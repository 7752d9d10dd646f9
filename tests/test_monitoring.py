"""Alerts, dashboard and paper name only metrics that `/metrics` has, with labels that it gives them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from images.storage import identity
from tests.servers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER = ROOT / "deploy/monitoring"
TOKEN = "a token for tests only, known to everybody"
# What Prometheus itself adds.
OF_PROMETHEUS = {"up": {"job", "instance"}}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


@pytest.fixture
def exposed(settings: Any) -> set[str]:
    """The names of all series, those too that have no sample yet."""
    settings.METRICS_TOKEN = TOKEN
    identity.establish()
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    return {
        family.name + suffix for family in text_string_to_metric_families(text) for suffix in SUFFIXES[family.type]
    }


def documented() -> dict[str, set[str]]:
    """Metric -> its labels, as the paper has them."""
    paper = (ROOT / "docs/monitoring.md").read_text().split("## Metrics")[1].split("## ")[0]
    rows = re.findall(r"^\| `(imagestore_\w+)` \| (.*?) ?\|", paper, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]
    return found


def queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


def metrics_in(query: str) -> set[str]:
    return set(re.findall(r"\b(?:imagestore|process)_\w+|\bup(?=\{)", query))


def labels_in(query: str) -> set[str]:
    """Those that are compared, and those that are left by a sum."""
    kept = [name for names in re.findall(r"\bby \(([\w, ]+)\)", query) for name in names.split(", ")]
    return {*kept, *re.findall(r"(\w+)(?:=~|!~|!=|=)\"", query)}


def base_of(metric: str) -> str:
    """The name in the paper: a histogram has one row."""
    name = re.sub("_(bucket|sum|count)$", "", metric)
    return name if name in documented() else metric


def test_the_paper_has_a_row_for_each_metric_and_no_other(exposed: set[str]) -> None:
    ours = {name for name in exposed if name.startswith("imagestore_")}
    assert {base_of(name) for name in ours} == set(documented())


def test_alerts_and_dashboard_name_only_metrics_that_are_there(exposed: set[str]) -> None:
    named = {metric for query in queries() for metric in metrics_in(query)}
    assert len(named) > 20
    assert named - exposed - OF_PROMETHEUS.keys() == set()


@pytest.mark.parametrize("query", list(queries()), ids=str)
def test_a_query_uses_only_labels_that_its_metrics_have(query: str) -> None:
    known = {"le", "job", "instance"}
    for metric in metrics_in(query):
        known |= documented().get(base_of(metric), set())
    assert metrics_in(query)
    assert labels_in(query) - known == set()


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    """A metric that nothing reads costs a row and a query for nothing."""
    used = {base_of(metric) for query in queries() for metric in metrics_in(query)}
    assert set(documented()) - used == set()


def test_every_alert_says_how_grave_it_is_and_stands_in_the_paper() -> None:
    paper = (ROOT / "docs/monitoring.md").read_text().split("## Alerts")[1].split("\n## ")[0]
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert re.search(rf"\b{rule['alert']}\b", paper), rule["alert"]


def test_the_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_example_scrapes_what_the_server_serves() -> None:
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["job_name"] in str(list(queries()))
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert job["authorization"].get("type", "Bearer") == "Bearer"
