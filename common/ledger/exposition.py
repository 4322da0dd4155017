"""The ledger's figures in Prometheus' text format (docs/metrics.md lists them).

Written by hand: a server of several processes has to set a folder before anything imports
`prometheus_client`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.ledger.figures import (
    REASONS,
    breakers,
    lanes,
    limiter_waits,
    oldest_due,
    reasons,
    route_figures,
    totals,
    unmatched,
)
from common.ledger.latency import histogram
from common.ledger.pauses import MIXPANEL, Pauses
from common.ledger.ticks import seconds_since_tick

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from common.config import Config
    from common.ledger import Ledger

    Rows = list[tuple[dict[str, str], float]]

PER_ROUTE = {
    "pending": "pending",
    "in_flight": "in_flight",
    "started": "started_total",
    "completed": "completed_total",
    "written": "written_total",
    "delivered": "delivered_total",
    "eta_seconds": "eta_seconds",
}
HELP = {
    "lane_entries": "Entries of a lane by state.",
    "oldest_due_seconds": "For how long the oldest due entry of a lane has been due.",
    "attempts_total": "How often work on an entry began.",
    "failed_total": "Failed attempts by class, or by the reason of the dead letter they ended in.",
    "route_pending": "People who wait on a route.",
    "route_in_flight": "People whose ticket is out.",
    "route_started_total": "Starts that Koji accepted.",
    "route_completed_total": "Analysed interviews that came back.",
    "route_written_total": "Results that reached Mixpanel.",
    "route_eta_seconds": "Forecast until everybody is started; absent while it cannot be told.",
    "route_limit_per_minute": "Starts a minute that the route's limit allows.",
    "skipped_total": "Results that must not reach Mixpanel, by reason.",
    "left_out_total": "What had no room in an event: a transcript_url, or another property.",
    "undelivered_total": "Invitations that needed no delivery any more, by reason.",
    "route_delivered_total": "Invitations handed to a mail server, a receiver or Mixpanel.",
    "cancelled_total": "People who will not be invited, by reason.",
    "unmatched_results": "Results of people unidentified, kept in case their cohort comes.",
    "dead_total": "Dead letters that were made, by reason.",
    "paused": "1 while a route, or all writing to Mixpanel, is paused.",
    "breaker_open": "1 while a partner's circuit breaker is not closed.",
    "limiter_wait_seconds_total": "Time that calls waited for the limit of an API key.",
    "seconds_since_tick": "Since a tick of the clock last went through; absent before the first.",
    "result_latency_seconds": "From Koji's webhook to Mixpanel's answer, a written result each.",
}


def prometheus_text(config: Config, ledger: Ledger) -> str:
    """Return lanes, routes, reasons, pauses, breakers, waits and latency; nothing personal."""
    text = "".join(_family(name, rows) for name, rows in _families(config, ledger))
    return text + _latency(totals(ledger)["writes"])


def _families(config: Config, ledger: Ledger) -> Iterator[tuple[str, Rows]]:
    entries, counters = lanes(ledger).items(), totals(ledger)
    yield "lane_entries", [({"lane": a, "state": b}, n) for a, s in entries for b, n in s.items()]
    yield "oldest_due_seconds", [({"lane": lane}, s) for lane, s in oldest_due(ledger).items()]
    yield "attempts_total", [({"lane": a}, row.get("attempts", 0)) for a, row in counters.items()]
    yield (
        "failed_total",
        [
            ({"lane": lane, "outcome": field.partition(":")[2]}, n)
            for lane, row in counters.items()
            for field, n in row.items()
            if field.startswith("failed:")
        ],
    )
    routes, pauses = route_figures(config, ledger), Pauses(ledger.redis).all()
    for field, suffix in PER_ROUTE.items():
        told = [one for one in routes if one[field] is not None]
        yield f"route_{suffix}", [({"route": one["name"]}, one[field]) for one in told]
    yield (
        "route_limit_per_minute",
        [({"route": one.name}, config.rate_limit(one).per_second * 60) for one in config.routes],
    )
    found = reasons(ledger)
    for kind in REASONS:
        yield f"{kind}_total", [({"reason": reason}, n) for reason, n in found[kind].items()]
    yield "unmatched_results", [({}, unmatched(ledger))]
    named = dict.fromkeys([*(one["name"] for one in routes), MIXPANEL])
    yield "paused", [({"route": name}, int(name in pauses)) for name in named]
    states = breakers(config, ledger).items()
    yield "breaker_open", [({"partner": name}, int(state != "closed")) for name, state in states]
    waits = limiter_waits(config, ledger).items()
    yield "limiter_wait_seconds_total", [({"key": name}, seconds) for name, seconds in waits]
    since = seconds_since_tick(ledger)
    yield "seconds_since_tick", [] if since is None else [({}, since)]


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP bridge_{name} {HELP[name]}", f"# TYPE bridge_{name} {kind}"]


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    texts = {k: v.replace("\\", r"\\").replace('"', r"\"") for k, v in labels.items()}
    inside = ",".join(f'{label}="{text}"' for label, text in texts.items())
    return f"bridge_{name}{{{inside}}} {round(value, 3)}"


def _family(name: str, rows: Rows) -> str:
    lines = _head(name, "counter" if name.endswith("_total") else "gauge")
    return "\n".join([*lines, *(_sample(name, *row) for row in rows)]) + "\n"


def _latency(counters: Mapping[str, int]) -> str:
    name = "result_latency_seconds"
    buckets, seconds = histogram(counters)
    lines = _head(name, "histogram")
    lines += [_sample(f"{name}_bucket", {"le": bound}, count) for bound, count in buckets]
    lines += [_sample(f"{name}_sum", {}, seconds), _sample(f"{name}_count", {}, buckets[-1][1])]
    return "\n".join(lines) + "\n"
