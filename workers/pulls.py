"""pull: fetches cohorts by Mixpanel's Query API, on a schedule or when the operator asks.

Each page goes into the inbox as a page of a whole copy, as Cohort Sync sends it, so it takes the
same way from there. Limits: 60 queries an hour and 5 at once for a project
(developer.mixpanel.com/reference/rate-limits); one worker of the fleet asks at a time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from common.errors import LaterError, PartnerError, PermanentError, StopRouteError
from common.ledger import INBOX
from common.ledger.pulls import DONE, FAILED, Pull, Pulls
from common.messages import CohortPage
from common.queues import TaskNames
from workers.clients.query import ExportPage, LostSessionError
from workers.turn import turn

if TYPE_CHECKING:
    from common.routes import Route
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
# Pages a task: a worker that is told to stop need not wait for a whole export.
MOST_PAGES = 10
MOST_FAILURES = 20
FIRST_WAIT_MS, LONGEST_WAIT_MS, LIMITED_WAIT_MS = 5_000, 900_000, 300_000
SESSION = "pull-"


def schedule(bridge: Bridge) -> None:
    """Begin the pulls whose time has come, also those missed meanwhile, and wake who does them.

    A schedule that is new begins with its next time: the operator's command is for at once.
    """
    pulls = Pulls(bridge.ledger)
    timed = [route for route in bridge.config.routes if route.pull is not None]
    if timed:
        slots, now_ms = pulls.slots(), bridge.ledger.now_ms()
        for route in timed:
            slot_ms = route.pull.last_slot_ms(now_ms, route.timezone)  # type: ignore[union-attr]
            if route.name not in slots:
                pulls.note_slot(route.name, slot_ms)
            elif slot_ms > slots[route.name] and pulls.start(route.name, slot_ms):
                log.info("pull_scheduled", route=route.name)
    if pulls.due():
        bridge.send(TaskNames.PULL)


def pull(bridge: Bridge) -> int:
    """Fetch some pages of what is due; returns how many. Safe to run at any time."""
    pulls, fetched = Pulls(bridge.ledger), 0
    with turn(bridge.redis, "pull", bridge.leases.lease_ms) as mine:
        while mine is not None and fetched < MOST_PAGES and (due := pulls.due()):
            fetched += _step(bridge, pulls, due[0])
    return fetched


def _step(bridge: Bridge, pulls: Pulls, now: Pull) -> bool:
    route = bridge.config.routes.named(now.route)
    settings = bridge.config.settings
    if route is None or settings.mixpanel_service_account is None:
        why = "no service account" if route else "the route has left routes.toml"
        pulls.save(replace(now, state=FAILED, error=why))
        return False
    free_at_ms = pulls.take_query(settings.mixpanel_queries_per_hour)
    if free_at_ms:
        pulls.save(replace(now, due_at_ms=free_at_ms, error="waits for Mixpanel's hourly limit"))
        return False
    try:
        if not now.cohort_id and not route.cohort_id:
            found = bridge.query.find_cohort(route.cohort_name or "")
            pulls.save(replace(now, cohort_id=found))
            return False
        cohort_id = now.cohort_id or route.cohort_id or ""
        page = bridge.query.members(cohort_id, route.properties, now.session_id, now.page)
    except PartnerError as error:
        pulls.save(_after(error, now, bridge.ledger.now_ms()))
        log.warning("not_pulled", route=route.name, page=now.page, error=str(error))
        return False
    pulls.save(_keep(bridge, route, now, page))
    return True


def _keep(bridge: Bridge, route: Route, now: Pull, page: ExportPage) -> Pull:
    """Put a page into the inbox; returns the cursor after it."""
    now_ms = bridge.ledger.now_ms()
    total_pages = (
        now.total_pages if now.session_id else max(1, math.ceil(page.total / page.page_size))
    )
    # Mixpanel may answer two exports alike from a cache: each pull is a copy of its own.
    session = f"{SESSION}{now.started_at_ms}-{page.session_id}"
    message = CohortPage(
        action="members",
        route=route.name,
        cohort_id=now.cohort_id or route.cohort_id or "",
        members=page.members,
        received_at_ms=now_ms,
        session_id=session,
        page=now.page + 1,
        total_pages=total_pages,
    )
    _, wake = bridge.ledger.add(INBOX, [(f"page:{session}:{now.page}", message.encode())])
    if wake:
        bridge.send(TaskNames.UNPACK)
    over = now.page + 1 >= total_pages
    log.info("page_pulled", route=route.name, page=now.page + 1, of=total_pages, done=over)
    return replace(
        now,
        state=DONE if over else now.state,
        session_id=page.session_id,
        page=now.page + 1,
        total_pages=total_pages,
        members=now.members + len(page.members),
        due_at_ms=now_ms,
        failures=0,
        error="",
    )


def _after(error: PartnerError, now: Pull, now_ms: int) -> Pull:
    """Return the cursor after a failure: later, from the first page, or given up."""
    told, failures = str(error), now.failures + 1
    if isinstance(error, LostSessionError) and failures < MOST_FAILURES:
        fresh = Pull(now.route, started_at_ms=now.started_at_ms, cohort_id=now.cohort_id)
        return replace(fresh, due_at_ms=now_ms + FIRST_WAIT_MS, failures=failures, error=told)
    if isinstance(error, LaterError):
        wait_ms = round((error.retry_after_seconds or 0) * 1000) or LIMITED_WAIT_MS
        return replace(now, due_at_ms=now_ms + wait_ms, error=told)
    if isinstance(error, PermanentError | StopRouteError) or failures >= MOST_FAILURES:
        return replace(now, state=FAILED, failures=failures, error=told)
    wait_ms = min(FIRST_WAIT_MS * 2**now.failures, LONGEST_WAIT_MS)
    return replace(now, due_at_ms=now_ms + wait_ms, failures=failures, error=told)
