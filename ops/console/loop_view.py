"""see: everything that the page "The loop" shows, as texts by name.

The server fills them into the page, the page's script replaces them in place every two seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from common.ledger import figures
from common.ledger.pull_figures import outcome, pull_figures
from ops.console.alerts import failed_pulls, find_alerts
from ops.console.pace import Pace, read_paces
from ops.console.sparkline import sparkline
from ops.console.texts import DASH, clock, number, words
from ops.console.totals import Totals, read_totals
from ops.output import counted, duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.console.desk import Desk

PER_ROUTE = ("pending", "in_flight", "started", "completed", "written")
STATES = ("pending", "in_flight", "done", "dead", "cancelled")
ALL_WELL = "All is well: nothing is paused, every partner answers, no dead letters."


def see(desk: Desk) -> dict[str, Any]:
    """Read the ledger once and put it into words."""
    config, ledger = desk.config, desk.ledger
    now_ms = ledger.now_ms()
    lanes, totals = figures.lanes(ledger), read_totals(desk.redis)
    oldest, routes = figures.oldest_due(ledger), figures.route_figures(config, ledger)
    reasons, paces = figures.reasons(ledger), read_paces(config, ledger)
    totals = totals.at_least(*(sum(one[n] for one in routes) for n in PER_ROUTE[2:]))
    alerts = find_alerts(routes, lanes, desk.pauses.all(), figures.breakers(config, ledger), oldest)
    pulls = pull_figures(config, ledger)
    alerts = sorted([*failed_pulls(pulls), *alerts], key=lambda one: one.level != "bad")
    states = {one["name"]: state(one, paces.get(one["name"])) for one in routes}
    texts = _funnel(totals, lanes, reasons) | _lane_texts(lanes, oldest)
    for one in routes:
        texts |= _route_texts(one, paces.get(one["name"]), states[one["name"]][1], now_ms)
    for one in pulls:
        texts |= _pull_texts(one, now_ms)
    return {
        "texts": texts,
        "states": {f"route:{name}.state": kind for name, (kind, _) in states.items()},
        "bars": {f"route:{name}.pace": round(100 * pace.share) for name, pace in paces.items()},
        "alerts": [alert._asdict() for alert in alerts],
        "spark": sparkline(desk.history.hour(now_ms // 60_000, totals)),
        "routes": [{"name": one["name"], "study_id": one["study_id"]} for one in routes],
        "lanes": list(lanes),
        "pulls": [{"route": one["route"], "schedule": one["schedule"]} for one in pulls],
    }


def state(route: dict[str, Any], pace: Pace | None) -> tuple[str, str]:
    """Return a route's state: its kind (`good`, `idle`, `warn`, `bad`) and its words."""
    blocked_seconds = pace.blocked_seconds if pace else 0
    for holds, kind, told in (
        (not route["in_routes"], "warn", "not in routes.toml"),
        (route["paused"], "bad", "paused"),
        (route["breaker"] == "open", "bad", "Koji is down"),
        (route["breaker"] == "half_open", "warn", "Koji is being probed"),
        (blocked_seconds > 0, "warn", f"Koji asks to wait {duration(blocked_seconds)}"),
        (route["pending"] and route["opens_in_seconds"] != 0, "warn", "outside its hours"),
        (route["pending"] and route["left_under_caps"] == 0, "warn", "cap used up"),
        (route["pending"] + route["in_flight"], "good", "running"),
    ):
        if holds:
            return kind, told
    return "idle", "nothing to do"


def _funnel(
    totals: Totals, lanes: Mapping[str, Mapping[str, int]], reasons: Mapping[str, Mapping[str, int]]
) -> dict[str, str]:
    people, writes = lanes["invitations"], lanes["writes"]
    skipped, cancelled = reasons["skipped"], reasons["cancelled"]
    return {
        "received": number(totals.received),
        "invited": number(totals.invited),
        "interviewed": number(totals.interviewed),
        "written": number(totals.written),
        "received.note": f"{number(people['pending'])} waiting",
        "invited.note": f"{number(people['in_flight'])} on their way to Koji",
        "interviewed.note": f"{number(sum(skipped.values()))} not meant for Mixpanel",
        "written.note": f"{number(writes['pending'] + writes['in_flight'])} on their way",
        "skipped": _listed(skipped),
        "cancelled": _listed(cancelled),
        "summary": (
            f"{counted(totals.received, 'member')} received, {number(totals.invited)} invited, "
            f"{number(totals.interviewed)} interviewed, {number(totals.written)} written"
        ),
    }


def _listed(counts: Mapping[str, int]) -> str:
    told = (f"{words(reason)} {number(n)}" for reason, n in sorted(counts.items()) if n)
    return ", ".join(told) or "nobody"


def _lane_texts(
    lanes: Mapping[str, Mapping[str, int]], oldest_due: Mapping[str, float]
) -> dict[str, str]:
    texts = {f"lane:{lane}.{one}": number(lanes[lane][one]) for lane in lanes for one in STATES}
    waits = {
        f"lane:{lane}.oldest": duration(s) if s >= 1 else DASH for lane, s in oldest_due.items()
    }
    return texts | waits


def _route_texts(
    route: dict[str, Any], pace: Pace | None, told: str, now_ms: int
) -> dict[str, str]:
    eta, why = route["eta_seconds"], route["paused_reason"] or ""
    if eta is None:
        forecast = "cannot be told"
    elif eta == 0:
        forecast = DASH
    else:
        forecast = f"in {duration(eta)}, at {clock(now_ms + 1000 * eta, now_ms)} UTC"
    texts = {field: number(route[field]) for field in PER_ROUTE}
    texts |= {"state": told, "why": why, "forecast": forecast, "pace": DASH}
    if pace is not None:
        lowered = ", lowered by Koji" if pace.lowered else ""
        shared = f", {pace.routes} routes together" if pace.routes > 1 else ""
        limit = f"{number(pace.used)} of {number(pace.limit)} a {pace.window}"
        texts["pace"] = f"{limit}{shared}{lowered}"
    return {f"route:{route['name']}.{field}": text for field, text in texts.items()}


def _pull_texts(pull: dict[str, Any], now_ms: int) -> dict[str, str]:
    texts = {"outcome": outcome(pull)}
    for name, at in (("last", pull["started_at"]), ("next", pull["next_at"])):
        texts[name] = DASH
        if at is not None:
            texts[name] = clock(1000 * datetime.fromisoformat(at).timestamp(), now_ms)
    return {f"pull:{pull['route']}.{field}": text for field, text in texts.items()}
