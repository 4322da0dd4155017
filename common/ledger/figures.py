"""What the ledger holds, as figures: read-only, a few round trips, no command walks entries.

The operator's command line, the console and `/metrics` all show these.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from common.ledger.lanes import INBOX, INVITATIONS, WRITES, Lane, invitations
from common.ledger.pauses import MIXPANEL, Pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from common.config import Config
    from common.ledger import Ledger
    from common.routes import Route

LANES = (INBOX, INVITATIONS, WRITES)
WAITING, ENDED = ("pending", "in_flight"), ("done", "dead", "cancelled")
REASONS = ("skipped", "cancelled", "dead")
SECONDS = {"day": 86_400, "week": 604_800, "month": 2_629_746}  # a month on average
PER_ROUTE = {
    "pending": "pending",
    "in_flight": "in_flight",
    "started": "started_total",
    "completed": "completed_total",
    "written": "written_total",
    "eta_seconds": "eta_seconds",
}


def lanes(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return how many entries of each lane are in each state."""
    keys = [
        *((part, state, part.own_key(state)) for part in _parts(ledger) for state in WAITING),
        *((lane, state, lane.key(state)) for lane in LANES for state in ENDED),
    ]
    found = {lane.name: dict.fromkeys((*WAITING, *ENDED), 0) for lane in LANES}
    counts = _ask(ledger, [("zcard", key) for _, _, key in keys])
    for (lane, state, _), n in zip(keys, counts, strict=True):
        found[lane.name][state] += n
    return found


def oldest_due(ledger: Ledger) -> dict[str, float]:
    """Return for how many seconds each lane's oldest due entry has been due, 0 if none is."""
    now_ms, parts = ledger.now_ms(), _parts(ledger)
    keys = [part.own_key("pending") for part in parts]
    firsts = _ask(ledger, [("zrange", key, 0, 0, False, True) for key in keys])
    ages = {lane.name: 0.0 for lane in LANES}
    for part, first in zip(parts, firsts, strict=True):
        for _, due_at_ms in first:
            ages[part.name] = max(ages[part.name], (now_ms - due_at_ms) / 1000)
    return ages


def reasons(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return how often something was `skipped`, `cancelled` or became `dead`, by reason."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in REASONS}
    for counters in _counters(ledger).values():
        for field, n in counters.items():
            kind, _, reason = field.partition(":")
            if kind in found:
                found[kind][reason] = found[kind].get(reason, 0) + n
    return found


def breakers(config: Config, ledger: Ledger) -> dict[str, str]:
    """Return `closed`, `open` or `half_open` for `mixpanel` and each `koji:<key variable>`."""
    names = {MIXPANEL: MIXPANEL}
    names |= {f"koji:{env}": f"koji:{key_name(key)}" for env, key in config.api_keys.items()}
    now_ms = ledger.now_ms()
    states = _ask(
        ledger, [("hmget", breaker_key(n), ["state", "probe_at"]) for n in names.values()]
    )
    found = dict.fromkeys(names, "closed")
    for partner, (state, probe_at_ms) in zip(names, states, strict=True):
        if state not in {None, b"closed"} and probe_at_ms is not None:
            found[partner] = "open" if float(probe_at_ms) > now_ms else "half_open"
    return found


def route_figures(
    config: Config, ledger: Ledger, coming: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """Return each route's figures in the order of the file, then of those that left it.

    `eta_seconds` is 0 when nobody waits; None while it cannot be told: paused, out of the file,
    or under a cap that lets nobody through. `coming` is how many more people to reckon with.
    """
    routes: dict[str, Route | None] = {route.name: route for route in config.routes}
    routes |= dict.fromkeys(sorted(ledger.sublanes() - set(routes)))
    keys = [invitations(name).own_key(state) for name in routes for state in WAITING]
    counts = iter(_ask(ledger, [("zcard", key) for key in keys]))
    waiting = {name: (next(counts), next(counts)) for name in routes}
    counters, pauses = _counters(ledger), Pauses(ledger.redis).all()
    states, now_ms = breakers(config, ledger), ledger.now_ms()
    people = {name: sum(waiting[name]) + (coming or {}).get(name, 0) for name in routes}
    running = {n: people[n] for n, route in routes.items() if route and n not in pauses}
    paces = _paces(config, ledger, running)
    figures = []
    for name, route in routes.items():
        if route is None and not people[name]:
            continue
        caps = list(_caps(route, counters["invitations"], now_ms)) if route else []
        eta = _eta(people[name], paces[name], caps, now_ms) if name in running else None
        figures.append(
            {
                "name": name,
                "study_id": route.study_id if route else None,
                "pending": waiting[name][0],
                "started": counters["invitations"].get(f"started:{name}", 0),
                "completed": counters["inbox"].get(f"completed:{name}", 0),
                "written": counters["writes"].get(f"written:{name}", 0),
                "eta_seconds": eta,
                "paused": name in pauses,
                "paused_reason": pauses[name].reason if name in pauses else None,
                "in_flight": waiting[name][1],
                "limit": str(config.rate_limit(route)) if route else None,
                "left_under_caps": min((left for left, _, _ in caps), default=None),
                "breaker": states[f"koji:{route.api_key_env}"] if route else None,
                "in_routes": route is not None,
            }
        )
    return figures


def prometheus_text(config: Config, ledger: Ledger) -> str:
    """Return the figures in Prometheus' text format.

    Written by hand: a server of several processes has to set a folder before anything imports
    `prometheus_client`.
    """
    routes, pauses = route_figures(config, ledger), Pauses(ledger.redis).all()
    entries = lanes(ledger).items()
    families: dict[str, list[tuple[dict[str, str], float]]] = {
        "lane_entries": [({"lane": a, "state": b}, n) for a, s in entries for b, n in s.items()],
        "oldest_due_seconds": [({"lane": lane}, age) for lane, age in oldest_due(ledger).items()],
    }
    for field, suffix in PER_ROUTE.items():
        told = [one for one in routes if one[field] is not None]
        families[f"route_{suffix}"] = [({"route": one["name"]}, one[field]) for one in told]
    for kind, found in reasons(ledger).items():
        families[f"{kind}_total"] = [({"reason": reason}, n) for reason, n in found.items()]
    named = dict.fromkeys([*(one["name"] for one in routes), MIXPANEL])
    families["paused"] = [({"route": name}, int(name in pauses)) for name in named]
    families["breaker_open"] = [
        ({"partner": p}, int(s != "closed")) for p, s in breakers(config, ledger).items()
    ]
    return "".join(_family(f"bridge_{name}", rows) for name, rows in families.items())


def _family(name: str, rows: Iterable[tuple[dict[str, str], float]]) -> str:
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# TYPE {name} {kind}"]
    for labels, value in rows:
        texts = {k: v.replace("\\", r"\\").replace('"', r"\"") for k, v in labels.items()}
        inside = ",".join(f'{label}="{text}"' for label, text in texts.items())
        lines.append(f"{name}{{{inside}}} {round(value, 3)}")
    return "\n".join(lines) + "\n"


# --- how long it takes ------------------------------------------------------------------------


def _paces(config: Config, ledger: Ledger, running: Mapping[str, int]) -> dict[str, float]:
    """Return each route's starts a second; routes with one API key take turns."""
    routes = [route for route in config.routes if route.name in running]
    keys = {route.name: key_name(config.api_key(route)) for route in routes}
    limits = _ask(ledger, [("hget", limit_key(keys[one.name]), "interval") for one in routes])
    paces = {}
    for route, interval_ms in zip(routes, limits, strict=True):
        per_second = config.rate_limit(route).per_second
        if interval_ms:  # Koji named a smaller limit
            per_second = min(per_second, 1000 / float(interval_ms))
        people = running[route.name]
        beside = [n for name, n in running.items() if keys[name] == keys[route.name]]
        paces[route.name] = per_second * people / (sum(min(n, people) for n in beside) or 1)
    return paces


def _caps(route: Route, counters: Mapping[str, int], now_ms: int) -> Iterator[tuple[int, int, str]]:
    """Yield each cap of a route: starts left in this period, starts a period, its unit."""
    cap, cost = route.max_invites, route.credits_per_interview
    if cap is not None:
        used = counters.get(f"invites:{route.name}:{period(cap.unit, now_ms)}", 0)
        yield max(cap.count - used, 0), cap.count, cap.unit
    if route.monthly_credits is not None:
        used = counters.get(f"credits:{route.name}:{period('month', now_ms)}", 0)
        left = route.monthly_credits - used
        yield max(left // cost, 0), route.monthly_credits // cost, "month"


def _eta(
    people: int, per_second: float, caps: Iterable[tuple[int, int, str]], now_ms: int
) -> int | None:
    if not people:
        return 0
    longest = people / per_second
    for left, count, unit in caps:
        over = people - left
        if over > 0 and not count:
            return None
        if over > 0:
            periods = math.ceil(over / count)
            begins = _seconds_to_next(unit, now_ms) + (periods - 1) * SECONDS[unit]
            in_the_last = over - count * (periods - 1)
            longest = max(longest, begins + in_the_last / per_second)
    return math.ceil(longest)


def _seconds_to_next(unit: str, now_ms: int) -> float:
    """Return how long it is until the next day, week or month begins (UTC)."""
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        begins = day + timedelta(days=1)
    elif unit == "week":
        begins = day + timedelta(days=7 - day.weekday())
    else:
        begins = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (begins - now).total_seconds()


# --- names that the workers use as well -------------------------------------------------------


def key_name(api_key: str) -> str:
    """Return a name for an API key that does not give it away."""
    return hashlib.blake2b(api_key.encode(), digest_size=8).hexdigest()


def breaker_key(name: str) -> str:
    """Return the hash of a circuit breaker: `mixpanel`, or `koji:` and the key's name."""
    return f"bridge:breaker:{{{name}}}"


def limit_key(name: str) -> str:
    """Return the hash of the limit of an API key, by the key's name."""
    return f"bridge:limit:{{{name}}}"


def period(unit: str, now_ms: int) -> str:
    """Return the name of the day, week or month that a moment (Unix ms) lies in, by UTC."""
    day = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}[unit])


# --- reading ----------------------------------------------------------------------------------


def _parts(ledger: Ledger) -> list[Lane]:
    """Return every lane that has a queue of its own."""
    return [INBOX, WRITES, *(invitations(name) for name in sorted(ledger.sublanes()))]


def _counters(ledger: Ledger) -> dict[str, dict[str, int]]:
    rows = _ask(ledger, [("hgetall", lane.key("counters")) for lane in LANES])
    return {
        lane.name: {name.decode(): int(n) for name, n in row.items()}
        for lane, row in zip(LANES, rows, strict=True)
    }


def _ask(ledger: Ledger, commands: list[tuple[Any, ...]]) -> list[Any]:
    """Send commands in one round trip."""
    with ledger.redis.pipeline(transaction=False) as pipe:
        for command, *arguments in commands:
            getattr(pipe, command)(*arguments)
        return list(pipe.execute())
