"""What the ledger holds, as figures: read-only, a few round trips, no command walks entries.

The operator's command line, the console and `/metrics` all show these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from common.ledger.asking import ask
from common.ledger.forecast import caps_of, eta_seconds, paces_per_second
from common.ledger.lanes import DELIVERIES, INBOX, INVITATIONS, WRITES, Lane, invitations
from common.ledger.pauses import MIXPANEL, Pauses
from common.partner_keys import breaker_key, key_name, waited_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from common.config import Config
    from common.ledger import Ledger
    from common.routes import Route

LANES = (INBOX, INVITATIONS, DELIVERIES, WRITES)
WAITING, ENDED = ("pending", "in_flight"), ("done", "dead", "cancelled")
REASONS = ("skipped", "left_out", "undelivered", "cancelled", "dead")


def lanes(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return how many entries of each lane are in each state."""
    keys = [
        *((part, state, part.own_key(state)) for part in _parts(ledger) for state in WAITING),
        *((lane, state, lane.key(state)) for lane in LANES for state in ENDED),
    ]
    found = {lane.name: dict.fromkeys((*WAITING, *ENDED), 0) for lane in LANES}
    counts = ask(ledger, [("zcard", key) for _, _, key in keys])
    for (lane, state, _), n in zip(keys, counts, strict=True):
        found[lane.name][state] += n
    return found


def oldest_due(ledger: Ledger) -> dict[str, float]:
    """Return for how many seconds each lane's oldest due entry has been due, 0 if none is."""
    now_ms, parts = ledger.now_ms(), _parts(ledger)
    keys = [part.own_key("pending") for part in parts]
    firsts = ask(ledger, [("zrange", key, 0, 0, False, True) for key in keys])
    ages = {lane.name: 0.0 for lane in LANES}
    for part, first in zip(parts, firsts, strict=True):
        for _, due_at_ms in first:
            ages[part.name] = max(ages[part.name], (now_ms - due_at_ms) / 1000)
    return ages


def reasons(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return how often something was `skipped`, `left_out`, `cancelled` or `dead`, by reason."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in REASONS}
    for counters in _counters(ledger).values():
        for field, n in counters.items():
            kind, _, reason = field.partition(":")
            if kind in found:
                found[kind][reason] = found[kind].get(reason, 0) + n
    return found


def unmatched(ledger: Ledger) -> int:
    """Return how many results are kept in case their person comes yet."""
    return int(ledger.redis.hlen(INBOX.key("unmatched")))


def totals(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return every counter of each lane."""
    return _counters(ledger)


def limiter_waits(config: Config, ledger: Ledger) -> dict[str, float]:
    """Return for how many seconds calls ever waited for each key's limit, by key variable."""
    keys = [waited_key(key_name(key)) for key in config.api_keys.values()]
    found = ask(ledger, [("get", key) for key in keys])
    return {n: int(us or 0) / 1e6 for n, us in zip(config.api_keys, found, strict=True)}


def breakers(config: Config, ledger: Ledger) -> dict[str, str]:
    """Return `closed`, `open` or `half_open` for each partner.

    They are `mixpanel`, `koji:<key variable>`, and where routes deliver so `smtp` and
    `webhook:<route>`.
    """
    names = {MIXPANEL: MIXPANEL}
    names |= {f"koji:{env}": f"koji:{key_name(key)}" for env, key in config.api_keys.items()}
    for route in config.routes:
        if route.deliver == "smtp":
            names["smtp"] = "smtp"
        elif route.deliver == "webhook":
            names[f"webhook:{route.name}"] = f"webhook:{route.name}"
    now_ms = ledger.now_ms()
    states = ask(ledger, [("hmget", breaker_key(n), ["state", "probe_at"]) for n in names.values()])
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
    or under a cap or hours that let nobody through. `opens_in_seconds` is 0 in the route's hours,
    None if they never come. `coming` is how many more people to reckon with.
    """
    routes: dict[str, Route | None] = {route.name: route for route in config.routes}
    routes |= dict.fromkeys(sorted(ledger.sublanes() - set(routes)))
    keys = [invitations(name).own_key(state) for name in routes for state in WAITING]
    counts = iter(ask(ledger, [("zcard", key) for key in keys]))
    waiting = {name: (next(counts), next(counts)) for name in routes}
    counters, pauses = _counters(ledger), Pauses(ledger.redis).all()
    states, now_ms = breakers(config, ledger), ledger.now_ms()
    people = {name: sum(waiting[name]) + (coming or {}).get(name, 0) for name in routes}
    running = {n: people[n] for n, route in routes.items() if route and n not in pauses}
    paces = paces_per_second(config, ledger, running)
    figures = []
    for name, route in routes.items():
        if route is None and not people[name]:
            continue
        caps = list(caps_of(route, counters["invitations"], now_ms)) if route else []
        eta, opens_at_ms = None, cast("int | None", now_ms)
        if route and name in running:
            eta = eta_seconds(people[name], paces[name], caps, now_ms, route.hours)
            opens_at_ms = route.hours.next_opening_ms(now_ms)
        figures.append(
            {
                "name": name,
                "study_id": route.study_id if route else None,
                "pending": waiting[name][0],
                "started": counters["invitations"].get(f"started:{name}", 0),
                "completed": counters["inbox"].get(f"completed:{name}", 0),
                "written": counters["writes"].get(f"written:{name}", 0),
                "delivered": counters["deliveries"].get(f"delivered:{name}", 0),
                "eta_seconds": eta,
                "paused": name in pauses,
                "paused_reason": pauses[name].reason if name in pauses else None,
                "in_flight": waiting[name][1],
                "limit": str(config.rate_limit(route)) if route else None,
                "left_under_caps": min((left for left, _, _ in caps), default=None),
                "opens_in_seconds": opens_at_ms and math.ceil((opens_at_ms - now_ms) / 1000),
                "breaker": states[f"koji:{route.api_key_env}"] if route else None,
                "in_routes": route is not None,
            }
        )
    return figures


def _parts(ledger: Ledger) -> list[Lane]:
    """Return every lane that has a queue of its own."""
    return [INBOX, DELIVERIES, WRITES, *(invitations(name) for name in sorted(ledger.sublanes()))]


def _counters(ledger: Ledger) -> dict[str, dict[str, int]]:
    rows = ask(ledger, [("hgetall", lane.key("counters")) for lane in LANES])
    return {
        lane.name: {name.decode(): int(n) for name, n in row.items()}
        for lane, row in zip(LANES, rows, strict=True)
    }
