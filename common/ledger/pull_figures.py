"""Where the fetching of each cohort stands, as figures: read-only, three round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.ledger.letters import iso
from common.ledger.pulls import DONE, FAILED, RUNNING, Pulls

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger
    from common.ledger.pulls import Pull


def pull_figures(config: Config, ledger: Ledger) -> list[dict[str, Any]]:
    """Return the newest pull of each route that has a schedule, or was ever asked for one.

    `state` is `running`, `done`, `failed`, or None before the first; `error` is why it failed, or
    what a running one waits for. `next_at` is when the schedule begins the next, in the past if
    nobody took it up yet; None without a schedule. `goes_on_at` is when a running one asks again.
    Times are ISO 8601 in UTC.
    """
    pulls, now_ms = Pulls(ledger), ledger.now_ms()
    newest, slots = pulls.all(), pulls.slots()
    found = []
    for route in config.routes:
        last, schedule = newest.get(route.name), route.pull
        if last is None and schedule is None:
            continue
        next_ms = None
        if schedule is not None:
            slot_ms = schedule.last_slot_ms(now_ms, route.timezone)
            next_ms = schedule.next_slot_ms(now_ms, route.timezone)
            if slot_ms > slots.get(route.name, slot_ms):
                next_ms = slot_ms
        found.append(
            {
                "route": route.name,
                "schedule": str(schedule) if schedule is not None else None,
                "next_at": iso(next_ms) if next_ms is not None else None,
                **_of(last),
            }
        )
    return found


def outcome(figures: dict[str, Any]) -> str:
    """Say how a route's newest pull ended, or how far it is."""
    members = f"{figures['members']:,} members"
    pages = f"{figures['pages']:,} of {figures['total_pages']:,} pages"
    if figures["state"] == DONE:
        return f"done, {members}"
    if figures["state"] == RUNNING:
        return f"running, {pages}" + (f": {figures['error']}" if figures["error"] else "")
    return f"failed after {pages}: {figures['error']}" if figures["state"] == FAILED else "not yet"


def _of(pull: Pull | None) -> dict[str, Any]:
    if pull is None:
        nothing = dict.fromkeys(("state", "started_at", "goes_on_at", "error"))
        return {**nothing, "pages": 0, "total_pages": 0, "members": 0}
    return {
        "state": pull.state,
        "started_at": iso(pull.started_at_ms),
        "goes_on_at": iso(pull.due_at_ms) if pull.state == RUNNING else None,
        "error": pull.error or None,
        "pages": pull.page,
        "total_pages": pull.total_pages,
        "members": pull.members,
    }
