"""What a started person is owed: added with the start itself, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.identity import email_hash, id_hash, study_hash
from common.ledger import DELIVERIES, Accepted, invitations
from common.messages import Invitation

if TYPE_CHECKING:
    from common.ledger import Ledger

LANE = invitations("r")
STUDY = study_hash("st")


def keys_of(ledger: Ledger, *names: str) -> list[tuple[str, int]]:
    """Invite people and give them tickets."""
    people = [
        (
            email_hash(f"{name}@example.com"),
            id_hash(name),
            Invitation(distinct_id=name, email=f"{name}@example.com").encode(),
            "",
        )
        for name in names
    ]
    ledger.invite(LANE, STUDY, people)
    claims, _ = ledger.claim(LANE, most=10, lease_ms=30_000, begins=False)
    return [(one.key, one.token) for one in claims]


def owed(ledger: Ledger) -> list[bytes]:
    claims, _ = ledger.claim(DELIVERIES, most=10, lease_ms=30_000)
    return [one.value for one in claims]


def test_a_completed_start_owes_its_delivery_once(ledger: Ledger) -> None:
    ((key, token),) = keys_of(ledger, "ann")
    for delivery in (b"first", b"again"):
        ledger.complete_start(
            LANE, key, token, value=b"{}", interview_id="iv", counters={}, delivery=delivery
        )
    assert owed(ledger) == [b"first"]


def test_it_is_owed_too_where_the_claim_was_lost_meanwhile(ledger: Ledger) -> None:
    ((key, token),) = keys_of(ledger, "ann")
    assert not ledger.complete_start(
        LANE, key, token + 1, value=b"{}", interview_id="iv", counters={}, delivery=b"link"
    )
    assert owed(ledger) == [b"link"]


@pytest.mark.parametrize(("delivery", "expected"), [(b"link", [b"link"]), (b"", [])])
def test_it_is_owed_too_where_the_next_start_begins_in_the_same_step(
    ledger: Ledger, delivery: bytes, expected: list[bytes]
) -> None:
    (key, token), (next_key, next_token) = keys_of(ledger, "ann", "bob")
    held, begun = ledger.complete_start_and_begin(
        LANE, Accepted(key, token, b"{}", "iv", {}, delivery), next_key, next_token, lease_ms=30_000
    )
    assert held
    assert begun is not None
    assert begun.go
    assert owed(ledger) == expected
