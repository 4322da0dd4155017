"""A made-up ledger with every lane in every state, written by the code of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from common.errors import TransientError
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.pauses import Pauses
from common.ledger.schema import take_up
from common.messages import (
    Answer,
    CohortPage,
    InterviewResult,
    Invitation,
    ReceivedResult,
    ResultWrite,
)

if TYPE_CHECKING:
    from redis import Redis

    from common.ledger import Lane

AT_MS = 1_780_056_000_000  # 2026-05-29T12:00:00Z
LEASE_MS = 30_000
ROUTE, STUDY = "activation", "st_activation"
# What stands in which order, so that claiming the oldest first gives each its state.
STATES = ("done", "dead", "in_flight", "pending")
LANE = invitations(ROUTE)


def email(who: str) -> str:
    return f"{who}@example.com"


def write_book(redis: Redis) -> Ledger:
    """Fill an empty Redis, at a time of the past."""
    take_up(redis)
    ledger = Ledger(redis, clock_ms=lambda: AT_MS)
    for number, state in enumerate(STATES):
        page = CohortPage("members", ROUTE, "5167408", [{"email": email(state)}], AT_MS + number)
        ledger.add(INBOX, [(f"page:{state}", page.encode())])
        _move(ledger, INBOX, state)
    _people(ledger)
    for state in STATES:
        _write(ledger, state)
        _move(ledger, WRITES, state)
    ledger.add(INBOX, [("koji:iv-pending", _result("iv-done").encode())])
    document = {"event": "analysis_ready", "interview_id": "iv-received", "quality_score": 4}
    received = ReceivedResult("iv-received", AT_MS, document)
    ledger.add(INBOX, [("koji:iv-received", received.encode())])
    Pauses(redis).pause("other", "by hand")
    return ledger


def _people(ledger: Ledger) -> None:
    for state in STATES:
        person = Invitation(f"id-{state}", email(state), state.title(), "5167408", {"plan": "pro"})
        row = (email_hash(email(state)), id_hash(f"id-{state}"), person.encode(), "")
        ledger.invite(LANE, study_hash(STUDY), [row])
        if state == "done":
            (claim,), _ = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
            ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
            started = Invitation(f"id-{state}", email(state), "Done", "5167408", {}, ROUTE)
            counters = {f"started:{ROUTE}": 1}
            ledger.complete_start(
                LANE,
                *(claim.key, claim.token),
                value=started.encode(),
                interview_id="iv-done",
                counters=counters,
            )
        else:
            _move(ledger, LANE, state)
    refused = (email_hash(email("refused")), "", b"{}", "no_email")
    ledger.invite(LANE, study_hash(STUDY), [refused])


def _result(interview_id: str) -> InterviewResult:
    answers = (Answer("why", "single_choice", "price"),)
    return InterviewResult(
        interview_id, AT_MS, AT_MS, STUDY, email("done"), themes=("price",), answers=answers
    )


def _write(ledger: Ledger, state: str) -> None:
    event = {"event": "Koji Interview Completed", "properties": {"$insert_id": f"iv-{state}"}}
    write = ResultWrite(event, f"id-{state}", ROUTE, AT_MS)
    profile = orjson.dumps({"last_interview_quality": 4})
    ledger.add_write(
        f"iv-{state}",
        write.encode(),
        person=f"id-{state}",
        completed_at_ms=AT_MS,
        profile=profile,
    )


def _move(ledger: Ledger, lane: Lane, state: str) -> None:
    """Bring the one entry that is pending into its state; `pending` has been tried once."""
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    if state == "done":
        ledger.complete(lane, [(claim.key, claim.token, b"", {"written:" + ROUTE: 1})])
    elif state == "dead":
        ledger.bury(lane, [(claim.key, claim.token, "rejected", 400, "Koji answered 400")])
    elif state == "pending":
        why = TransientError("Koji answered 500", status=500)
        ledger.retry(lane, [(claim.key, claim.token, 60_000, True, False, why)])
