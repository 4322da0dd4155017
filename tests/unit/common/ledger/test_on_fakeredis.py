"""The scripts on fakeredis, on which tests of other houses rely; and on the clock of Redis."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import fakeredis
import pytest

from common.errors import TransientError
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.ledger import Budget

if TYPE_CHECKING:
    from redis import Redis

LANE, STUDY, KEY = invitations("alpha"), "study", "ann.study"
LEASE_MS = 1000


@pytest.fixture(params=["fakeredis", "redis"])
def by_redis_time(request: pytest.FixtureRequest) -> Ledger:
    """A ledger without a clock of its own."""
    if request.param == "fakeredis":
        return Ledger(fakeredis.FakeRedis(server=fakeredis.FakeServer()))
    redis: Redis = request.getfixturevalue("redis")
    return Ledger(redis)


def test_an_invitation_goes_all_the_way(by_redis_time: Ledger) -> None:
    ledger = by_redis_time
    assert ledger.invite(LANE, STUDY, [("ann", "phone", b"v", "")]) == {"added": 1}
    ((first,), _) = ledger.claim(
        LANE, most=5, lease_ms=LEASE_MS, begins=False, budgets=[Budget("n", 1)]
    )
    assert ledger.begin(LANE, KEY, first.token, lease_ms=LEASE_MS)
    assert ledger.renew(LANE, [(KEY, first.token)], LEASE_MS) == [True]
    why = TransientError("HTTP 500", status=500)
    assert ledger.retry(LANE, [(KEY, first.token, 0, True, False, why)]) == [True]
    ((second,), _) = ledger.claim(LANE, most=5, lease_ms=LEASE_MS, begins=False)
    assert ledger.begin(LANE, KEY, second.token, lease_ms=LEASE_MS)
    assert ledger.complete_start(
        LANE, KEY, second.token, value=b"", interview_id="iv", counters={"n": 1}
    )
    assert ledger.find_interview("iv") == KEY


def test_a_dead_letter_comes_back_and_is_confirmed_by_its_result(by_redis_time: Ledger) -> None:
    ledger = by_redis_time
    ledger.invite(LANE, STUDY, [("ann", "", b"v", ""), ("bob", "", b"v", "")])
    assert ledger.leave(LANE, STUDY, [("bob", "")]) == 1
    ((one,), _) = ledger.claim(LANE, most=5, lease_ms=LEASE_MS)
    assert ledger.bury(LANE, [(KEY, one.token, "rejected", 400, "no")]) == [True]
    assert ledger.revive(LANE, [KEY])[0] == [True]
    assert ledger.confirm_start(LANE, KEY, value=b"", interview_id="iv", counters={})


def test_results_are_written_by_their_newest_profile(by_redis_time: Ledger) -> None:
    ledger = by_redis_time
    for at in (2, 1):
        ledger.add_write(f"iv-{at}", b"", person="ann", completed_at_ms=at, profile=b"%d" % at)
    claims, _ = ledger.claim(WRITES, most=5, lease_ms=LEASE_MS)
    done = [(claim.key, claim.token, b"", {}) for claim in claims]
    assert ledger.complete(WRITES, done) == [True, True]
    assert ledger.profiles(["ann"]) == [b"2"]


def test_a_lease_of_no_time_is_over_at_once(by_redis_time: Ledger) -> None:
    ledger = by_redis_time
    ledger.add(INBOX, [("a", b""), ("b", b"")])
    ledger.claim(INBOX, most=1, lease_ms=0)
    assert ledger.expire(INBOX) == (1, 0)
    assert ledger.cancel(INBOX, ["a", "b"], "dropped") == [True, True]


def test_the_ledgers_time_is_that_of_redis(by_redis_time: Ledger) -> None:
    before = int(time.time() * 1000)
    assert before <= by_redis_time.now_ms() <= int(time.time() * 1000) + 1
    by_redis_time.add(INBOX, [("a", b"")])
    assert by_redis_time.due(INBOX)
