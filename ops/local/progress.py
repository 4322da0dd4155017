"""How far the loop has come, read from ledger and sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.ledger import DELIVERIES, INBOX, WRITES, invitations

if TYPE_CHECKING:
    from redis import Redis

    from ops.local.sandbox_process import Sandbox


@dataclass(frozen=True)
class Progress:
    """People at each step of one route; `owed` is what the ledger still has to do."""

    started: int
    completed: int
    skipped: int
    written: int
    dead: int
    owed: int


def read_progress(redis: Redis, route: str) -> Progress:
    """Count in the ledger."""
    lanes = (INBOX, invitations(route), DELIVERIES, WRITES)
    pipe = redis.pipeline(transaction=False)
    for lane in lanes:
        for key in (lane.own_key("pending"), lane.own_key("in_flight"), lane.key("dead")):
            pipe.zcard(key)
        pipe.hgetall(lane.key("counters"))
    rows: list[Any] = pipe.execute()
    counters: dict[str, int] = {}
    for row in rows[3::4]:
        counters |= {name.decode(): int(n) for name, n in row.items()}
    return Progress(
        started=counters.get(f"started:{route}", 0),
        completed=counters.get(f"completed:{route}", 0),
        skipped=sum(n for name, n in counters.items() if name.startswith("skipped:")),
        written=counters.get(f"written:{route}", 0),
        dead=sum(rows[2::4]),
        owed=sum(rows[0::4]) + sum(rows[1::4]),
    )


def arrived(sandbox: Sandbox) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return Mixpanel's events and Koji's summary."""
    return sandbox.get("mixpanel", "events"), sandbox.get("koji", "summary")
