"""The fleet: somebody takes from every queue, and the work moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.exceptions import CeleryError
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from common.ledger import figures
from common.ledger.pauses import MIXPANEL, Pauses
from common.ledger.ticks import seconds_since_tick
from common.queues import Queues
from ops.checks import Check
from ops.commands.routes import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from ops.session import Session

ANSWER_SECONDS = 1.0
SLOW_SECONDS = 60.0
SILENT_SECONDS = 10.0  # the clock ticks once a second


def check_fleet(session: Session, app: Celery) -> Iterator[Check]:
    """Yield whether workers answer, whether due work is taken, and what is paused."""
    lanes = figures.lanes(session.ledger)
    waiting = sum(states["pending"] + states["in_flight"] for states in lanes.values())
    workers, answering = _workers(app, waiting)
    yield workers
    if answering:
        yield _beat(seconds_since_tick(session.ledger))
    yield _backlog(figures.oldest_due(session.ledger))
    yield _routes(session)
    yield _pauses(session)


def _workers(app: Celery, waiting: int) -> tuple[Check, bool]:
    """Return the check, and whether anybody answered."""
    try:
        answers = app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    except (CeleryError, KombuError, OperationalError, RedisError, OSError) as exc:
        detail = f"could not be asked ({type(exc).__name__})"
        return Check("workers", ok=False, detail=detail), False
    taken = {queue["name"] for queues in answers.values() for queue in queues}
    missing = [queue.value for queue in Queues if queue.value not in taken]
    if not missing:
        detail = f"{len(answers)} answer, every queue is served"
        return Check("workers", ok=True, detail=detail), True
    who = f"nobody takes from {', '.join(missing)}" if taken else "no worker answers"
    # Before the first start there is nobody, and nothing is wrong with that.
    check = Check(
        "workers",
        ok=not waiting,
        detail=f"{who}, {waiting:,} entries wait: start them with `honcho start` or "
        "`python -m workers inbox|koji|mixpanel`, and `python -m workers beat`",
    )
    return check, bool(taken)


def _beat(seconds: float | None) -> Check:
    """Every worker takes ticks, so while one answers, silence is the sender's."""
    if seconds is not None and seconds <= SILENT_SECONDS:
        return Check("beat", ok=True, detail=f"the clock ticked {seconds:.0f} s ago")
    since = "never ticked" if seconds is None else f"has not ticked for {seconds:,.0f} s"
    return Check(
        "beat",
        ok=False,
        detail=f"the clock {since}, so retries and lost tickets wait: start it with "
        "`python -m workers beat` (one is enough), or read in the workers' logs why ticks fail",
    )


def _backlog(ages: dict[str, float]) -> Check:
    """Payloads are unpacked at once whatever is paused, so their age tells whether work moves."""
    age = ages["inbox"]
    if age <= SLOW_SECONDS:
        return Check("inbox", ok=True, detail="nothing has waited long to be unpacked")
    return Check(
        "inbox",
        ok=False,
        detail=f"a payload has waited {age:,.0f} s to be unpacked: do worker-inbox and beat run?",
    )


def _routes(session: Session) -> Check:
    every: list[dict[str, Any]] = figures.route_figures(session.config, session.ledger)
    gone = [f"{one['name']} ({one['pending']:,})" for one in every if not one["in_routes"]]
    if not gone:
        names = ", ".join(one["name"] for one in every)
        return Check("routes", ok=True, detail=names)
    return Check(
        "routes",
        ok=False,
        detail=f"people wait in routes that are not in routes.toml: {', '.join(gone)}; put the "
        "routes back, or erase or remove the people",
    )


def _pauses(session: Session) -> Check:
    pauses = Pauses(session.ledger.redis).all()
    forced = {name: pause for name, pause in pauses.items() if pause.reason != BY_HAND}
    if forced:
        told = "; ".join(f"{name}: {pause.reason}" for name, pause in forced.items())
        return Check("pauses", ok=False, detail=told)
    names = ", ".join("all writes" if name == MIXPANEL else name for name in pauses)
    return Check("pauses", ok=True, detail=f"by hand: {names}" if names else "nothing is paused")
