"""unpack: accepted payloads become invitations or writes; a bug in one stops no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from common.ledger import INBOX, WRITES, invitations
from common.messages import ResultWrite
from common.queues import TaskNames
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import LEASE_MS
from workers import inbox
from workers.inbox import MOST_AT_ONCE, MOST_TRIES, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

ANN = {"email": "ann@example.com", "mixpanel_distinct_id": "u-ann"}


def accept(bench: Bench, *messages: Any) -> None:
    for number, message in enumerate(messages):
        value = message if isinstance(message, bytes) else message.encode()
        bench.ledger.add(INBOX, [(f"entry-{number}", value)])


def sent(bench: Bench, task: TaskNames) -> int:
    return sum(1 for name, _ in bench.sent if name is task)


# --- the ordinary way ------------------------------------------------------------------------


def test_a_page_is_unpacked_and_its_people_dispatched_at_once(bench: Bench) -> None:
    accept(bench, bench.page(ANN, {"mixpanel_distinct_id": "u-2"}))
    assert unpack(bench.bridge) == 1
    assert bench.state("entry-0", INBOX) == "done"
    assert bench.state(bench.key("ann@example.com")) == "in_flight"
    assert sent(bench, TaskNames.START_INTERVIEWS) == 1
    assert bench.counters(INBOX) == {"added:activation": 1}


def test_a_result_is_unpacked_and_wakes_the_writers(bench: Bench) -> None:
    accept(bench, bench.result())
    assert unpack(bench.bridge) == 1
    assert bench.state("entry-0", INBOX) == "done"
    assert bench.state("int-1", WRITES) == "pending"
    assert sent(bench, TaskNames.WRITE_RESULTS) == 1
    assert bench.counters(INBOX) == {"completed:activation": 1}


def test_a_skipped_result_is_done_and_its_reason_counted(bench: Bench) -> None:
    accept(bench, bench.result(quality=1))
    unpack(bench.bridge)
    assert bench.state("entry-0", INBOX) == "done"
    assert bench.counters(INBOX) == {"completed:activation": 1, "skipped:low_quality": 1}
    assert sent(bench, TaskNames.WRITE_RESULTS) == 0


def test_nothing_is_kept_of_a_payload_that_is_done(bench: Bench) -> None:
    accept(bench, bench.page(ANN), bench.result())
    unpack(bench.bridge)
    assert [bench.ledger.value(INBOX, f"entry-{n}") for n in range(2)] == [b"", b""]


def test_a_persons_address_is_forgotten_once_the_result_is_in(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    lane = invitations("activation")
    assert b"ann@example.com" in (bench.ledger.value(lane, key) or b"")
    accept(bench, bench.result())
    unpack(bench.bridge)
    kept = bench.ledger.value(lane, key) or b""
    assert b"example.com" not in kept
    assert b"u-ann" in kept


def test_an_empty_inbox_is_no_work(bench: Bench) -> None:
    assert unpack(bench.bridge) == 0
    assert bench.sent == []


def test_what_does_not_fit_into_one_go_asks_for_another(bench: Bench) -> None:
    accept(bench, *(bench.result(interview_id=f"int-{n}") for n in range(MOST_AT_ONCE + 1)))
    assert unpack(bench.bridge) == MOST_AT_ONCE
    assert sent(bench, TaskNames.UNPACK) == 1
    bench.sent.clear()
    assert unpack(bench.bridge) == 1
    assert sent(bench, TaskNames.UNPACK) == 0


def test_a_page_that_is_unpacked_again_invites_nobody_again(bench: Bench) -> None:
    for key in ("first", "second"):
        bench.ledger.add(INBOX, [(key, bench.page(ANN).encode())])
        unpack(bench.bridge)
    assert bench.counters(INBOX) == {"added:activation": 1, "known:activation": 1}


# --- what goes wrong -------------------------------------------------------------------------


@pytest.fixture
def buggy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug that a page sets off, and that quotes what it stumbled over."""

    def unpack_page(*_: Any) -> dict[str, int]:
        raise ValueError("cannot make sense of ann@example.com")

    monkeypatch.setattr(inbox, "unpack_page", unpack_page)


@pytest.mark.usefixtures("buggy")
def test_a_bug_in_one_payload_does_not_stop_the_others(bench: Bench) -> None:
    accept(bench, bench.page(ANN), bench.result())
    assert unpack(bench.bridge) == 2
    assert bench.state("entry-0", INBOX) == "pending"
    assert bench.state("entry-1", INBOX) == "done"
    assert 0 <= bench.due_in_seconds("entry-0", INBOX) <= 2


@pytest.mark.usefixtures("buggy")
def test_a_bug_becomes_a_dead_letter_that_names_the_place_and_nobody(
    bench: Bench, logged: list[dict[str, Any]]
) -> None:
    accept(bench, bench.page(ANN))
    for _ in range(MOST_TRIES):
        assert bench.state("entry-0", INBOX) == "pending"
        unpack(bench.bridge)
        bench.clock.seconds += 60
    meta = bench.meta("entry-0", INBOX)
    assert bench.state("entry-0", INBOX) == "dead"
    assert (meta["reason"], meta["attempts"]) == ("bug", MOST_TRIES)
    assert meta["error"].startswith("ValueError in unpack_page (line ")
    assert [line["attempt"] for line in logged if line["event"] == "unpack_failed"] == [1, 2, 3, 4]
    assert "example.com" not in str(logged) + str(meta)
    assert unpack(bench.bridge) == 0, "nobody touches it again but by replay"


def test_a_bug_that_was_mended_lets_the_dead_letter_be_replayed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(inbox, "unpack_page", lambda *_: 1 / 0)
        accept(bench, bench.page(ANN))
        for _ in range(MOST_TRIES):
            unpack(bench.bridge)
            bench.clock.seconds += 60
    assert bench.state("entry-0", INBOX) == "dead"
    bench.ledger.revive(INBOX, ["entry-0"])
    unpack(bench.bridge)
    assert bench.state("entry-0", INBOX) == "done"


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"v":1,"kind":"unheard_of"}',
        b'{"v":99,"kind":"cohort_page"}',
        b'{"v":1,"kind":"cohort_page"}',
        ResultWrite({}, "u-1", "activation", 0).encode(),
    ],
)
def test_what_no_code_of_ours_understands_ends_as_a_dead_letter(bench: Bench, raw: bytes) -> None:
    accept(bench, raw)
    for _ in range(MOST_TRIES):
        unpack(bench.bridge)
        bench.clock.seconds += 60
    assert bench.state("entry-0", INBOX) == "dead"
    assert bench.meta("entry-0", INBOX)["reason"] == "bug"


def test_a_route_that_vanished_is_named_as_the_reason(build: Callable[..., Bench]) -> None:
    old = build()
    accept(old, old.page(ANN))
    new = build(ROUTES.replace('"activation"', '"renamed"'))
    for _ in range(MOST_TRIES):
        unpack(new.bridge)
        new.clock.seconds += 60
    meta = new.meta("entry-0", INBOX)
    assert new.state("entry-0", INBOX) == "dead"
    assert meta["reason"] == "no_route"
    assert meta["error"] == "route 'activation' is no longer in routes.toml"
    assert orjson.loads(new.ledger.value(INBOX, "entry-0") or b"")["members"] == [ANN]


def test_a_redis_that_goes_away_leaves_everything_to_the_lease(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(bench, bench.page(ANN), bench.result())

    def gone(*_: Any) -> None:
        raise RedisConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(inbox, "unpack_page", gone)
        with pytest.raises(RedisConnectionError):
            unpack(bench.bridge)
    assert bench.state("entry-0", INBOX) == bench.state("entry-1", INBOX) == "in_flight"
    bench.clock.seconds += LEASE_MS / 1000 + 1
    assert bench.ledger.expire(INBOX) == (2, 0)
    while unpack(bench.bridge):
        pass
    assert bench.state("entry-0", INBOX) == bench.state("entry-1", INBOX) == "done"


def test_a_payload_that_kills_its_worker_takes_nobody_along_and_is_buried(bench: Bench) -> None:
    accept(bench, bench.page(ANN), bench.result())
    for _ in range(20):
        claims, _ = bench.ledger.claim(INBOX, most=MOST_AT_ONCE, lease_ms=LEASE_MS)
        for claim in claims:
            if claim.key == "entry-0":
                break  # and the worker is gone
            bench.ledger.complete(INBOX, [(claim.key, claim.token, b"", {})])
        bench.clock.seconds += LEASE_MS / 1000 + 1
        bench.ledger.expire(INBOX)
    assert bench.state("entry-1", INBOX) == "done"
    assert bench.state("entry-0", INBOX) == "dead"
    assert bench.meta("entry-0", INBOX)["reason"] == "poison"


def test_a_claim_that_was_lost_meanwhile_is_not_finished_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(bench, bench.page(ANN))
    usual = inbox.unpack_page

    def slow(*arguments: Any) -> dict[str, int]:
        tally = usual(*arguments)
        bench.clock.seconds += LEASE_MS / 1000 + 1
        bench.ledger.expire(INBOX)
        return tally

    with monkeypatch.context() as late:
        late.setattr(inbox, "unpack_page", slow)
        unpack(bench.bridge)
    assert bench.state("entry-0", INBOX) == "pending"
    unpack(bench.bridge)
    assert bench.state("entry-0", INBOX) == "done"
    assert bench.counters(INBOX) == {"known:activation": 1}
