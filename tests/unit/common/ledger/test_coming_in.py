"""What comes in: entries once by key, the newest profile, and the one wake-up for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from common.ledger import INBOX, WRITES, Lane, invitations

if TYPE_CHECKING:
    from redis import Redis

    from common.ledger import Ledger
    from tests.support.clock import FakeClock


def add_write(ledger: Ledger, key: str, at: int, profile: bytes, person: str = "ann") -> bool:
    new, _ = ledger.add_write(key, b"{}", person=person, completed_at_ms=at, profile=profile)
    return new


# --- add ---


def test_an_entry_is_added_once_and_keeps_its_first_value(ledger: Ledger) -> None:
    assert ledger.add(INBOX, [("a", b"first")]) == ([True], True)
    assert ledger.add(INBOX, [("a", b"second"), ("b", b"")])[0] == [False, True]
    assert ledger.value(INBOX, "a") == b"first"


def test_a_key_twice_in_one_call_is_new_once(ledger: Ledger) -> None:
    assert ledger.add(INBOX, [("a", b"1"), ("a", b"2")])[0] == [True, False]


def test_nothing_can_be_added(ledger: Ledger) -> None:
    assert ledger.add(INBOX, []) == ([], False)


def test_any_bytes_come_out_as_they_went_in(ledger: Ledger) -> None:
    value = bytes(range(256)) + "€\u2028".encode()
    ledger.add(INBOX, [("a", value)])
    ((claim,), _) = ledger.claim(INBOX, most=1, lease_ms=1000)
    assert claim.value == value


def test_a_delayed_entry_is_due_after_its_delay(ledger: Ledger, clock: FakeClock) -> None:
    ledger.add(INBOX, [("a", b"")], delay_ms=500)
    assert ledger.claim(INBOX, most=1, lease_ms=1000) == ([], 0)
    clock.advance(ms=500)
    assert len(ledger.claim(INBOX, most=1, lease_ms=1000)[0]) == 1


def test_what_is_done_is_not_added_again(ledger: Ledger) -> None:
    ledger.add(INBOX, [("a", b"1")])
    ((claim,), _) = ledger.claim(INBOX, most=1, lease_ms=1000)
    ledger.complete(INBOX, [("a", claim.token, b"", {})])
    assert ledger.add(INBOX, [("a", b"1")]) == ([False], False)


# --- the wake-up ---


def test_only_the_first_of_many_asks_for_a_wake_up(ledger: Ledger) -> None:
    assert [ledger.add(INBOX, [(key, b"")])[1] for key in "abc"] == [True, False, False]


def test_after_a_claim_the_next_asks_again(ledger: Ledger) -> None:
    ledger.add(INBOX, [("a", b"")])
    ledger.claim(INBOX, most=1, lease_ms=1000)
    assert ledger.add(INBOX, [("b", b"")])[1]


def test_nothing_new_asks_for_no_wake_up(ledger: Ledger) -> None:
    ledger.add(INBOX, [("a", b"")])
    ledger.claim(INBOX, most=1, lease_ms=1000)
    assert ledger.add(INBOX, [("a", b"")]) == ([False], False)


def test_a_wake_up_that_was_lost_is_asked_for_again_soon(ledger: Ledger, redis: Redis) -> None:
    ledger.add(INBOX, [("a", b"")])
    assert 0 < redis.pttl(INBOX.key("wake")) <= 2000


def test_lanes_wake_apart(ledger: Ledger) -> None:
    assert ledger.add(INBOX, [("a", b"")])[1]
    assert ledger.add(WRITES, [("a", b"")])[1]


# --- results and their profiles ---


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_whatever_the_order_of_arrival_the_newest_profile_stays(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    for at in order:
        assert add_write(ledger, f"iv-{at}", at, b"%d" % at)
    assert ledger.profiles(["ann"]) == [b"3"]


def test_of_two_at_the_same_moment_the_later_arrival_counts(ledger: Ledger) -> None:
    add_write(ledger, "one", 5, b"one")
    add_write(ledger, "two", 5, b"two")
    assert ledger.profiles(["ann"]) == [b"two"]


def test_a_repeated_result_changes_nothing(ledger: Ledger) -> None:
    assert add_write(ledger, "one", 5, b"first")
    assert not add_write(ledger, "one", 9, b"changed")
    assert ledger.profiles(["ann"]) == [b"first"]


def test_a_time_before_1970_is_a_time_too(ledger: Ledger) -> None:
    add_write(ledger, "one", -62_135_596_800_000, b"oldest")
    add_write(ledger, "two", -5, b"older")
    assert ledger.profiles(["ann"]) == [b"older"]


def test_a_profile_may_hold_spaces_and_any_text(ledger: Ledger) -> None:
    profile = '{"themes":["a b","100% déjà vu"],"at":"5 6"}'.encode()
    add_write(ledger, "one", 5, profile)
    assert ledger.profiles(["ann"]) == [profile]


def test_profiles_come_in_the_order_asked_for(ledger: Ledger) -> None:
    add_write(ledger, "one", 1, b"a", person="ann")
    add_write(ledger, "two", 1, b"b", person="bob")
    assert ledger.profiles(["bob", "nobody", "ann"]) == [b"b", None, b"a"]
    assert ledger.profiles([]) == []


# --- failure ---


@pytest.mark.parametrize("lane", [INBOX, invitations("r")], ids=["inbox", "invitations"])
def test_what_redis_refuses_raises_and_stores_nothing(
    ledger: Ledger, redis: Redis, lane: Lane
) -> None:
    redis.set(lane.key("entries"), "not a hash")
    with pytest.raises(ResponseError):
        ledger.add(lane, [("a", b"")])
    assert redis.zcard(lane.own_key("pending")) == 0
