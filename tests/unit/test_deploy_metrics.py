"""Alerts, dashboard and docs/metrics.md speak of what /metrics prints, and of all of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from common.config import Config, load_config
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.exposition import HELP, prometheus_text
from common.ledger.lanes import INVITATIONS
from common.ledger.latency import latency_counters
from common.ledger.ticks import note_tick
from ingress.app import make_app
from ops.local.supervised import ROOT
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = ROOT / "deploy"
NAME = re.compile(r"\bbridge_[a-z_]+\b")
ROW = re.compile(r"^\| `(bridge_[a-z_]+)` \| (\w+) \| (.*?) ?\| (.+) \|$", re.MULTILINE)
SELECTOR = re.compile(r"(bridge_[a-z_]+)\{([^}]*)\}")
BY = re.compile(r"\b(?:by|on) \(([^)]*)\)")
# Labels that Prometheus itself adds, or that only an alert's expression makes.
OF_NOBODY = {""}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(smallest_environ(tmp_path))


@pytest.fixture
def ledger() -> Ledger:
    """A ledger in which every kind of figure stands."""
    book = Ledger(fakeredis.FakeRedis(server=fakeredis.FakeServer()))
    counted = {
        INBOX: {
            "completed:activation": 2,
            "skipped:anonymous": 1,
            "left_out:property": 9,
            "undelivered:answered": 1,
            "attempts": 3,
        },
        INVITATIONS: {"started:activation": 5, "cancelled:cooldown": 1, "failed:later": 4},
        WRITES: {"written:activation": 2, "dead:rejected": 1, **latency_counters(1700)},
    }
    for lane, counters in counted.items():
        book.redis.hset(lane.key("counters"), mapping=counters)
    book.redis.sadd(INVITATIONS.key("sublanes"), "activation")
    book.redis.zadd(invitations("activation").own_key("pending"), {"k": 1})
    note_tick(book)
    return book


@pytest.fixture
def text(config: Config, ledger: Ledger) -> str:
    app = make_app(
        config, ledger, lambda: None, fleet_metrics=lambda: prometheus_text(config, ledger)
    )
    client = app.test_client()
    client.get("/healthz")
    client.post("/webhooks/koji", data=b"{}")
    # Counters with labels have no sample before the first, whose source must be a known one.
    from ingress.metrics import ACCEPTED, MEMBERS  # noqa: PLC0415

    ACCEPTED.labels("mixpanel").inc(0)
    MEMBERS.labels("mixpanel").inc(0)
    return client.get("/metrics").text


@pytest.fixture
def printed(text: str) -> dict[str, tuple[str, set[str]]]:
    """Kind and labels of each metric by its name as Prometheus knows it."""
    found = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("bridge_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels}
            found[name] = (family.type, labels)
    return found


def samples_of(printed: dict[str, tuple[str, set[str]]]) -> dict[str, set[str]]:
    """Labels by the names that a query may use, those of a histogram's parts included."""
    names = {}
    for name, (kind, labels) in printed.items():
        if kind == "histogram":
            names |= {f"{name}_{part}": labels for part in ("bucket", "sum", "count")}
        else:
            names[name] = labels
    return names


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_metric_that_is_printed_is_described_with_its_kind_and_labels(
    printed: dict[str, tuple[str, set[str]]],
) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    described = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in ROW.findall(page)
    }
    assert described == printed


def test_every_figure_of_the_ledger_has_a_sample_and_a_word_of_help(
    text: str, printed: dict[str, tuple[str, set[str]]]
) -> None:
    of_fleet = {name for name in printed if not name.startswith("bridge_ingress_")}
    assert {f"bridge_{name}" for name in HELP} == of_fleet
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.samples, family.name


@pytest.mark.parametrize(("where", "query"), list(queries()))
def test_a_query_uses_metrics_and_labels_that_exist(
    where: str, query: str, printed: dict[str, tuple[str, set[str]]]
) -> None:
    known = samples_of(printed)
    named = set(NAME.findall(query))
    assert named, where
    assert named <= set(known), where
    for name, inside in SELECTOR.findall(query):
        assert set(re.findall(r"(\w+)=", inside)) <= known[name], where
    grouped = {label.strip() for group in BY.findall(query) for label in group.split(",")}
    assert grouped - OF_NOBODY <= set().union(*(known[name] for name in named)), where
    assert query.count("(") == query.count(")"), where
    # A rate of what may fall, or a counter read as it stands, means nothing.
    for name in re.findall(r"(?:rate|increase)\((bridge_[a-z_]+)", query):
        assert name.endswith(("_total", "_bucket", "_count", "_sum")), where
    for name in re.findall(r"delta\((bridge_[a-z_]+)", query):
        assert not name.endswith("_total"), where


def test_labels_in_texts_are_those_that_the_query_leaves() -> None:
    for rule in rules():
        left = {one.strip() for group in BY.findall(rule["expr"]) for one in group.split(",")}
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= left, rule["alert"]
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            left = {one.strip() for by in BY.findall(target["expr"]) for one in by.split(",")}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left


def test_every_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_panels_neither_share_an_id_nor_lie_over_each_other() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (place["x"] + column, place["y"] + row)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["w"])
        for row in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_prometheus_reads_these_rules_and_scrapes_ingress() -> None:
    document = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    assert [(DEPLOY / name).is_file() for name in document["rule_files"]] == [True]
    (job,) = document["scrape_configs"]
    assert job["metrics_path"] == "/metrics"


def test_latency_is_a_histogram_whose_buckets_add_up(text: str) -> None:
    lines = [line for line in text.splitlines() if line.startswith("bridge_result_latency")]
    assert 'bridge_result_latency_seconds_bucket{le="1"} 0' in lines
    assert 'bridge_result_latency_seconds_bucket{le="2.5"} 1' in lines
    assert 'bridge_result_latency_seconds_bucket{le="+Inf"} 1' in lines
    assert lines[-2:] == [
        "bridge_result_latency_seconds_sum{} 1.7",
        "bridge_result_latency_seconds_count{} 1",
    ]
