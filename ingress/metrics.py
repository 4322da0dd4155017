"""Prometheus figures of the ingress processes; no secret, no personal data, no Redis needed."""

from __future__ import annotations

import time
from functools import cache

from flask import Flask, Response, g, request
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside every counter that nobody asks for

REQUESTS = Counter("bridge_ingress_requests", "Requests answered.", ["route", "status"])
REFUSED = Counter(
    "bridge_ingress_refused", "Signatures and passwords refused.", ["source", "reason"]
)
ACCEPTED = Counter("bridge_ingress_accepted", "Payloads stored for the first time.", ["source"])
MEMBERS = Counter("bridge_ingress_members", "Members in the payloads stored.", ["source"])
LATENCY = Histogram(
    "bridge_ingress_request_seconds",
    "Time from the request's headers to its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
UNMATCHED = "unmatched"
# From zero on, so that an alert sees the very first refusal as an increase.
for _reason in ("no_header", "bad_format", "stale", "mismatch"):
    REFUSED.labels("koji", _reason)
for _source in ("mixpanel", "members"):
    for _reason in ("no_header", "bad_format", "mismatch"):
        REFUSED.labels(_source, _reason)


def watch(app: Flask) -> None:
    """Count and time every request of an app, by the rule that matched (not by the path sent)."""

    @app.before_request
    def _start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def _finish(response: Response) -> Response:
        rule = request.url_rule
        route = rule.rule if rule else UNMATCHED
        _answered(route, response.status_code).inc()
        _latency(route).observe(time.perf_counter() - g.started)
        return response


# Looking a series up by its labels costs more than counting: few routes, few statuses.
@cache
def _answered(route: str, status: int) -> Counter:
    return REQUESTS.labels(route, str(status))


@cache
def _latency(route: str) -> Histogram:
    return LATENCY.labels(route)


def render(*, several_processes: bool) -> str:
    """Return the exposition text, summed over all processes if there are several.

    Several need PROMETHEUS_MULTIPROC_DIR, which `ingress.server` sets before this is imported
    (prometheus.github.io/client_python/multiprocess).
    """
    registry: CollectorRegistry = REGISTRY
    if several_processes:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # registers itself
    return generate_latest(registry).decode()
