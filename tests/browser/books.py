"""Fills the ledger of the running bridge: an hour that has passed, and dead letters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from common.errors import TransientError
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import MIXPANEL, Pauses
from common.messages import Invitation, ResultWrite
from ops.console.history import KEY
from tests.browser.conftest import ROUTE, STUDY

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than any pretended past, or the clock of the bridge takes the claims back.
LEASE_MS = 86_400_000


def pretend_an_hour(ledger: Ledger) -> None:
    """Write down an hour of invitations and results, as if it had been so."""
    now_minute = ledger.now_ms() // 60_000
    invited = written = 0
    with ledger.redis.pipeline() as pipe:
        for minute in range(60):
            pipe.hset(KEY, str(now_minute - 59 + minute), f"{invited} {written}")
            invited += round(28 + 16 * math.sin(minute / 6) + 9 * math.sin(minute / 1.7))
            written += round(24 + 14 * math.sin((minute - 4) / 6) + 6 * math.sin(minute / 2.3))
        people = {f"person{n:05}.{study_hash(STUDY)}": ledger.now_ms() for n in range(invited)}
        pipe.hset(INVITATIONS.key("entries"), mapping=dict.fromkeys(people, "{}"))
        pipe.zadd(INVITATIONS.key("done"), people)
        pipe.hset(INVITATIONS.key("counters"), f"started:{ROUTE}", invited)
        pipe.hset(WRITES.key("counters"), f"written:{ROUTE}", written)
        seen = {f"completed:{ROUTE}": written + 61, "skipped:low_quality": 61}
        pipe.hset(INBOX.key("counters"), mapping=seen)
        pipe.execute()


def bury_people(
    ledger: Ledger,
    count: int,
    *,
    reason: str = "rejected",
    status: int | None = 422,
    first: int = 0,
    attempts: int = 1,
) -> None:
    """Make dead letters of people of the route, past workers that could take them up."""
    pauses, lane = Pauses(ledger.redis), invitations(ROUTE)
    pauses.pause(ROUTE, "a test fills the books")
    error = {422: "HTTP 422 respondent_email is not deliverable", 503: "HTTP 503"}.get(
        status or 0, "the connection broke after the request was sent"
    )
    for numbers in _parts(range(first, first + count)):
        people = [
            (email_hash(f"dead{n}@example.com"), id_hash(f"dead-{n}"), _invitation(n), "")
            for n in numbers
        ]
        ledger.invite(lane, study_hash(STUDY), people)
        claims, _ = ledger.claim(lane, most=len(people), lease_ms=LEASE_MS)
        for _ in range(attempts - 1):
            why = TransientError(error, status=status)
            ledger.retry(lane, [(one.key, one.token, 0, True, False, why) for one in claims])
            claims, _ = ledger.claim(lane, most=len(people), lease_ms=LEASE_MS)
        ledger.bury(lane, [(one.key, one.token, reason, status, error) for one in claims])
    pauses.resume(ROUTE)


def bury_write(ledger: Ledger, interview_id: str) -> None:
    """Make a dead letter of a result that Mixpanel refused."""
    pauses = Pauses(ledger.redis)
    pauses.pause(MIXPANEL, "a test fills the books")
    event = {"event": "Koji Interview Completed", "properties": {"distinct_id": "dead-1"}}
    ledger.add_write(
        interview_id,
        ResultWrite(event, "dead-1", ROUTE, ledger.now_ms()).encode(),
        person=id_hash("dead-1"),
        completed_at_ms=ledger.now_ms(),
        profile=b"{}",
    )
    (claim,), _ = ledger.claim(WRITES, most=1, lease_ms=LEASE_MS)
    told = "HTTP 400 'properties.time' is invalid: must be within the last 5 years"
    ledger.bury(WRITES, [(claim.key, claim.token, "rejected", 400, told)])
    pauses.resume(MIXPANEL)


def _parts(numbers: range, size: int = 1000) -> Iterator[range]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _invitation(n: int) -> bytes:
    return Invitation(f"dead-{n}", f"dead{n}@example.com", f"Dead {n}").encode()
