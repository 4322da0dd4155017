"""write_results: one batch at a time, each entry with a verdict of its own."""

from __future__ import annotations

import gzip
import itertools
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from common.identity import id_hash
from common.ledger import INBOX, WRITES
from common.ledger.pauses import MIXPANEL
from common.messages import CohortPage
from common.queues import TaskNames
from tests.unit.workers.harness import LEASE_MS, Answer, refused_connection, usual_mixpanel
from workers import write_batch, writes
from workers.turn import turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from tests.unit.workers.harness import Bench

DAY_MS = 86_400_000


def add(bench: Bench, number: int, person: str = "", **fields: Any) -> str:
    """Put the result of somebody's interview into the lane; returns its key."""
    interview_id = f"int-{number}"
    told = {"external_id": person or f"u-{number}", "email": "ann@example.com"}
    bench.unpack(bench.result(interview_id=interview_id, **told, **fields))
    return interview_id


def events(request: PreparedRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(gzip.decompress(request.body or b""))
    return found


def imports(bench: Bench) -> list[list[dict[str, Any]]]:
    return [events(one) for one in bench.mixpanel.requests if "/import" in (one.url or "")]


def engages(bench: Bench) -> list[list[dict[str, Any]]]:
    return bench.mixpanel.bodies("/engage")


def profiles(bench: Bench) -> dict[str, dict[str, Any]]:
    """Return the profiles as Mixpanel would have them after all requests, the last one winning."""
    found: dict[str, dict[str, Any]] = {}
    for update in itertools.chain(*engages(bench)):
        found.setdefault(update["$distinct_id"], {}).update(update["$set"])
    return found


def sent(bench: Bench) -> list[TaskNames]:
    return [task for task, _ in bench.sent]


def attempts(bench: Bench, key: str) -> int:
    return int(bench.meta(key, WRITES).get("attempts", 0))


# --- the ordinary way ------------------------------------------------------------------------


def test_a_lone_result_goes_at_once_as_event_and_profile(bench: Bench) -> None:
    key = add(bench, 1, "u-ann")
    assert bench.write() == 1
    ((event,),), ((update,),) = imports(bench), engages(bench)
    assert event["properties"]["distinct_id"] == update["$distinct_id"] == "u-ann"
    assert update["$set"]["last_interview_sentiment"] == "negative"
    assert bench.state(key) == "done"
    assert bench.ledger.value(WRITES, key) == b""
    assert bench.counters(WRITES) == {"written:activation": 1}


def test_with_nothing_due_nobody_is_called(bench: Bench) -> None:
    assert bench.write() == 0
    assert bench.mixpanel.requests == []
    assert bench.sent == []


def test_what_waits_goes_together(bench: Bench) -> None:
    for number in range(30):
        add(bench, number)
    assert bench.write() == 30
    assert [len(batch) for batch in imports(bench)] == [30]
    assert [len(batch) for batch in engages(bench)] == [30]


def test_what_does_not_fit_goes_in_the_next_round(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writes.MOST_AT_ONCE == 2000
    monkeypatch.setattr(writes, "MOST_AT_ONCE", 4)
    for number in range(10):
        add(bench, number)
    assert bench.write() == 10
    assert [len(batch) for batch in imports(bench)] == [4, 4, 2]


def test_events_and_profiles_are_on_their_way_at_the_same_time(bench: Bench) -> None:
    add(bench, 1)
    both = threading.Barrier(2)

    def wait_for_the_other(request: PreparedRequest) -> Answer:
        both.wait(timeout=10)
        return usual_mixpanel(request)

    bench.mixpanel.then(wait_for_the_other, wait_for_the_other)
    assert bench.write() == 1


def test_a_repeat_has_the_same_insert_id_and_time(bench: Bench) -> None:
    add(bench, 1)
    bench.mixpanel.then(Answer(503), path="/import")
    bench.write()
    bench.clock.seconds += 3600
    bench.write()
    (first,), (second,) = imports(bench)
    assert first == second


def test_a_result_that_comes_twice_is_written_once(bench: Bench) -> None:
    for _ in range(2):
        add(bench, 1)
        bench.write()
    assert len(imports(bench)) == 1


# --- the newest interview wins ---------------------------------------------------------------


def at(bench: Bench, number: int) -> str:
    """Add Ann's interview of the day with this number."""
    completed = bench.clock() - 10 * DAY_MS + number * DAY_MS
    return add(bench, number, "u-ann", completed_at_ms=completed, themes=(f"day {number}",))


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
@pytest.mark.parametrize("flush_after", [(1, 2, 3), (2, 3), (1, 3), (3,)])
def test_an_older_interview_never_overwrites_a_newer_one(
    bench: Bench, order: tuple[int, ...], flush_after: tuple[int, ...]
) -> None:
    for place, number in enumerate(order, start=1):
        at(bench, number)
        if place in flush_after:
            bench.write()
    assert profiles(bench)["u-ann"]["last_interview_themes"] == ["day 3"]
    told = [update["$set"]["last_interview_at"] for update in itertools.chain(*engages(bench))]
    assert told == sorted(told), "nor for a moment"
    assert sum(len(batch) for batch in imports(bench)) == 3, "each has its event"


def test_two_interviews_of_one_person_in_a_batch_are_one_update(bench: Bench) -> None:
    at(bench, 2)
    at(bench, 1)
    bench.write()
    assert [len(batch) for batch in engages(bench)] == [1]
    assert [len(batch) for batch in imports(bench)] == [2]


def test_replaying_an_old_write_does_not_move_the_profile_back(bench: Bench) -> None:
    old = at(bench, 1)
    bench.mixpanel.then(Answer(400), path="/import")
    bench.write()
    assert bench.state(old) == "dead"
    at(bench, 2)
    bench.write()
    bench.ledger.revive(WRITES, [old])
    bench.write()
    assert bench.state(old) == "done"
    assert profiles(bench)["u-ann"]["last_interview_themes"] == ["day 2"]


def test_of_two_interviews_at_the_same_moment_the_later_arrival_counts(bench: Bench) -> None:
    moment = bench.clock() - DAY_MS
    add(bench, 1, "u-ann", completed_at_ms=moment, sentiment="negative")
    add(bench, 2, "u-ann", completed_at_ms=moment, sentiment="positive")
    bench.write()
    assert profiles(bench)["u-ann"]["last_interview_sentiment"] == "positive"


def test_somebody_whose_profile_was_erased_meanwhile_gets_none(bench: Bench) -> None:
    key = add(bench, 1)
    bench.ledger.redis.hdel(WRITES.key("profiles"), id_hash("u-1"))
    assert bench.write() == 1
    assert bench.state(key) == "done"
    assert engages(bench) == []


# --- one writer at a time --------------------------------------------------------------------


def test_while_another_writes_there_is_nothing_to_do(bench: Bench) -> None:
    key = add(bench, 1)
    with turn(bench.bridge.redis, "mixpanel", LEASE_MS):
        assert bench.write() == 0
    assert bench.mixpanel.requests == []
    assert bench.state(key) == "pending"


def test_what_arrives_while_we_write_is_taken_along(bench: Bench) -> None:
    add(bench, 1)

    def answer(request: PreparedRequest) -> Answer:
        add(bench, 2)
        assert bench.write() == 0, "the other is sent away"
        return usual_mixpanel(request)

    bench.mixpanel.then(answer, path="/import")
    assert bench.write() == 2
    assert [len(batch) for batch in imports(bench)] == [1, 1]


def test_who_comes_too_late_for_the_last_look_is_waked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "MOST_ROUNDS", 1)
    monkeypatch.setattr(writes, "MOST_AT_ONCE", 1)
    add(bench, 1)
    add(bench, 2)
    bench.sent.clear()
    assert bench.write() == 1
    assert sent(bench) == [TaskNames.WRITE_RESULTS]
    bench.sent.clear()
    assert bench.write() == 1
    assert sent(bench) == []


def test_a_writer_that_lost_its_turn_stops_and_leaves_the_rest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "MOST_AT_ONCE", 1)
    keys = [add(bench, number) for number in range(3)]

    def stand_still(request: PreparedRequest) -> Answer:
        bench.clock.seconds += LEASE_MS / 1000 + 1
        bench.bridge.redis.set("bridge:turn:{mixpanel}", "another", nx=True)
        return usual_mixpanel(request)

    bench.mixpanel.then(stand_still, path="/import")
    assert bench.write() == 1
    assert len(imports(bench)) == 1
    assert sorted(str(bench.state(key)) for key in keys) == ["done", "pending", "pending"]
    assert bench.bridge.redis.get("bridge:turn:{mixpanel}") == b"another"


# --- failures of the whole call --------------------------------------------------------------

SILENT = [ReadTimeout(), RequestsConnectionError("reset"), refused_connection()]
DOWN = [500, 502, 503, 504, 408]


@pytest.mark.parametrize("path", ["/import", "/engage"])
@pytest.mark.parametrize("failure", [*map(Answer, DOWN), *SILENT])
def test_a_call_that_failed_is_repeated_and_spends_an_attempt(
    bench: Bench, path: str, failure: Any
) -> None:
    key = add(bench, 1)
    bench.mixpanel.then(failure, path=path)
    assert bench.write() == 0
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 1
    bench.clock.seconds += 60
    assert bench.write() == 1
    assert bench.state(key) == "done"


@pytest.mark.parametrize("path", ["/import", "/engage"])
def test_a_429_defers_without_spending_an_attempt(bench: Bench, path: str) -> None:
    key = add(bench, 1)
    bench.mixpanel.then(Answer(429, headers={"Retry-After": "9"}), path=path)
    bench.write()
    assert attempts(bench, key) == 0
    assert 9 <= bench.due_in_seconds(key, WRITES) <= 9.5


@pytest.mark.parametrize("path", ["/import", "/engage"])
@pytest.mark.parametrize("status", [401, 402, 403, 301, 307])
def test_wrong_credentials_pause_all_writes_and_keep_every_result(
    bench: Bench, path: str, status: int, logged: list[dict[str, Any]]
) -> None:
    keys = [add(bench, number) for number in range(3)]
    bench.mixpanel.then(Answer(status), path=path)
    assert bench.write() == 0
    pause = bench.bridge.pauses.get(MIXPANEL)
    assert pause is not None
    assert str(status) in pause.reason
    assert "resume mixpanel" in pause.reason
    assert [bench.state(key) for key in keys] == ["pending"] * 3
    assert [attempts(bench, key) for key in keys] == [0] * 3
    assert [line["event"] for line in logged].count("writes_paused") == 1
    calls = len(bench.mixpanel.requests)
    assert bench.write() == 0
    assert len(bench.mixpanel.requests) == calls
    bench.bridge.pauses.resume(MIXPANEL)
    assert bench.write() == 3


def test_the_last_attempt_ends_as_exhausted(build: Callable[..., Bench]) -> None:
    bench = build(MAX_ATTEMPTS="2")
    key = add(bench, 1)
    bench.mixpanel.then(Answer(503), Answer(503), path="/import")
    for _ in range(2):
        bench.write()
        bench.clock.seconds += 60
    assert bench.state(key) == "dead"
    assert bench.meta(key, WRITES)["reason"] == "exhausted"


def test_an_outage_opens_the_breaker_spends_little_and_buries_nobody(
    build: Callable[..., Bench],
) -> None:
    bench = build(MAX_ATTEMPTS="6")
    keys = [add(bench, number) for number in range(3)]
    bench.mixpanel.usual = lambda _: Answer(503)
    for _ in range(30):
        bench.write()
        bench.clock.seconds += 60
    assert {bench.state(key) for key in keys} == {"pending"}
    assert len(bench.mixpanel.requests) > 10
    assert max(attempts(bench, key) for key in keys) <= 5
    bench.mixpanel.usual = usual_mixpanel
    for _ in range(60):
        bench.write()
        bench.clock.seconds += 60
    assert {bench.state(key) for key in keys} == {"done"}


def test_while_the_breaker_is_open_what_was_claimed_goes_back_unspent(bench: Bench) -> None:
    key = add(bench, 1)
    for _ in range(5):
        bench.bridge.breaker.record(MIXPANEL, ok=False)
    bench.sent.clear()
    assert bench.write() == 0
    assert bench.mixpanel.requests == []
    assert attempts(bench, key) == 0
    assert bench.due_in_seconds(key, WRITES) == 0.9
    assert sent(bench) == [], "the clock wakes the next"


def test_the_probe_of_a_half_open_breaker_closes_it(bench: Bench) -> None:
    add(bench, 1)
    for _ in range(5):
        bench.bridge.breaker.record(MIXPANEL, ok=False)
    bench.clock.seconds += 1
    assert bench.write() == 1
    assert bench.bridge.breaker.look(MIXPANEL).closed


# --- failures of single records --------------------------------------------------------------


def refuse(*indexes: int) -> Answer:
    failed = [{"index": i, "field": "properties.time", "message": "u-1 is bad"} for i in indexes]
    return Answer(400, {"code": 400, "failed_records": failed})


def test_a_refused_record_is_a_dead_letter_and_the_others_are_done(bench: Bench) -> None:
    keys = [add(bench, number) for number in range(4)]
    bench.mixpanel.then(refuse(1, 3), path="/import")
    assert bench.write() == 2
    (batch,) = imports(bench)
    ids = [event["properties"]["interview_id"] for event in batch]
    assert {bench.state(ids[0]), bench.state(ids[2])} == {"done"}
    assert {bench.state(ids[1]), bench.state(ids[3])} == {"dead"}
    assert sorted(ids) == sorted(keys)
    meta = bench.meta(ids[1], WRITES)
    assert (meta["reason"], meta["status"]) == ("rejected", 400)
    assert meta["error"] == "refused: properties.time"


def test_a_profile_that_is_refused_behind_a_200_is_a_dead_letter(bench: Bench) -> None:
    keys = [add(bench, number) for number in range(4)]

    def answer(request: PreparedRequest) -> Answer:
        if b"u-2" in (request.body or b""):
            return Answer(200, {"status": 0, "error": "bad"})
        return Answer(200, {"status": 1})

    bench.mixpanel.usual = lambda one: (
        answer(one) if "/engage" in (one.url or "") else usual_mixpanel(one)
    )
    assert bench.write() == 3
    assert [bench.state(key) for key in keys] == ["done", "done", "dead", "done"]


def test_a_failed_profile_keeps_the_entry_though_its_event_was_taken(bench: Bench) -> None:
    key = add(bench, 1)
    bench.mixpanel.then(Answer(503), path="/engage")
    assert bench.write() == 0
    assert bench.state(key) == "pending"
    assert bench.bridge.breaker.look(MIXPANEL).closed


def test_bad_records_scattered_among_good_ones_pause_nothing(bench: Bench) -> None:
    for number in range(30):
        add(bench, number)
    bench.mixpanel.then(refuse(*range(0, 24, 2)), path="/import")
    assert bench.write() == 18
    assert bench.bridge.pauses.get(MIXPANEL) is None


def test_when_all_is_refused_writes_are_paused(bench: Bench) -> None:
    for number in range(12):
        add(bench, number)
    bench.mixpanel.usual = lambda one: (
        Answer(400, {"failed_records": ["not allowed"]})
        if "/import" in (one.url or "")
        else usual_mixpanel(one)
    )
    assert bench.write() == 0
    pause = bench.bridge.pauses.get(MIXPANEL)
    assert pause is not None
    assert "Mixpanel refused 12 in a row" in pause.reason
    assert "nothing was given up" in pause.reason
    assert bench.bridge.redis.zcard(WRITES.key("pending")) == 12, "nobody is buried"


def test_after_a_resume_by_hand_what_is_still_refused_becomes_a_dead_letter(bench: Bench) -> None:
    for number in range(40):
        add(bench, number)
    bench.mixpanel.usual = lambda _: Answer(404, {"error": "no such page"})
    bench.write()
    assert bench.count("dead", WRITES) == 0
    bench.bridge.pauses.resume(MIXPANEL)
    for _ in range(9):
        bench.write()
        bench.clock.seconds += 10
    assert (bench.count("dead", WRITES), bench.count("pending", WRITES)) == (40, 0)
    assert bench.bridge.pauses.all() == {}
    bench.mixpanel.usual = usual_mixpanel
    add(bench, 100)
    assert bench.write() == 1
    for number in range(200, 212):
        add(bench, number)
    bench.mixpanel.usual = lambda _: Answer(404, {"error": "no such page"})
    bench.write()
    assert bench.bridge.pauses.get(MIXPANEL) is not None, "what comes after a good one is new"


def test_a_row_of_bad_results_is_buried_and_every_good_one_is_written(bench: Bench) -> None:
    for number in range(100, 200):
        add(bench, number, sentiment="bad" if number < 140 else "good")

    def answer(request: PreparedRequest) -> Answer:
        zipped = "/import" in (request.url or "")
        content = gzip.decompress(request.body or b"") if zipped else request.body or b""
        return Answer(400) if b'"bad"' in content else usual_mixpanel(request)

    bench.mixpanel.usual = answer
    for _ in range(20):
        bench.write()
        bench.clock.seconds += 10
    assert bench.bridge.pauses.get(MIXPANEL) is None
    states = [bench.state(f"int-{number}", WRITES) for number in range(100, 200)]
    assert states == ["dead"] * 40 + ["done"] * 60


@pytest.mark.no_cover
def test_a_batch_that_is_refused_whole_is_not_sent_again_record_by_record(bench: Bench) -> None:
    for number in range(500):
        add(bench, number)
    bench.mixpanel.usual = lambda _: Answer(404, {"error": "no such page"})
    assert bench.write() == 0
    assert bench.bridge.redis.zcard(WRITES.key("pending")) == 500
    assert len(bench.mixpanel.requests) < 200


def test_refusals_of_single_results_count_across_batches(bench: Bench) -> None:
    bench.mixpanel.usual = lambda one: (
        refuse(0) if "/import" in (one.url or "") else usual_mixpanel(one)
    )
    for number in range(9):
        add(bench, number)
        bench.write()
    assert bench.bridge.pauses.get(MIXPANEL) is None
    add(bench, 9)
    bench.write()
    assert bench.bridge.pauses.get(MIXPANEL) is not None


def test_one_result_that_is_taken_begins_the_row_anew(bench: Bench) -> None:
    for number in range(19):
        add(bench, number)
        if number != 9:
            bench.mixpanel.then(refuse(0), path="/import")
        bench.write()
    assert bench.bridge.pauses.get(MIXPANEL) is None
    assert bench.bridge.redis.zcard(WRITES.key("dead")) == 18


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"v":1,"kind":"result_write"}',
        b'{"v":2,"kind":"result_write"}',
        CohortPage("members", "activation", "1", [], 0).encode(),
    ],
)
def test_an_unreadable_entry_is_buried_and_the_others_are_written(bench: Bench, raw: bytes) -> None:
    bench.ledger.add(WRITES, [("odd", raw)])
    key = add(bench, 1)
    assert bench.write() == 1
    assert bench.state("odd", WRITES) == "dead"
    assert bench.meta("odd", WRITES)["reason"] == "unreadable"
    assert bench.state(key) == "done"


def test_unreadable_entries_alone_call_nobody(bench: Bench) -> None:
    bench.ledger.add(WRITES, [("odd", b"{}")])
    assert bench.write() == 0
    assert bench.mixpanel.requests == []


STOP, LATER = StopRouteError("401"), LaterError("429")
SLOW, SILENCE, BAD = TransientError("503"), AmbiguousError("none"), PermanentError("400")


@pytest.mark.parametrize(
    ("event", "profile", "expected"),
    [
        (None, None, None),
        (BAD, None, BAD),
        (None, BAD, BAD),
        (BAD, SLOW, SLOW),
        (SILENCE, BAD, SILENCE),
        (SLOW, LATER, LATER),
        (LATER, STOP, STOP),
        (STOP, SLOW, STOP),
    ],
)
def test_of_two_failures_the_one_that_can_be_repeated_decides(
    event: PartnerError | None, profile: PartnerError | None, expected: PartnerError | None
) -> None:
    assert write_batch._worse(event, profile) is expected


# --- privacy ---------------------------------------------------------------------------------


def test_the_log_names_nobody_on_any_path(
    bench: Bench, logged: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    echo = {"error": "ann@example.com is unknown", "failed_records": []}
    for number, answer in enumerate(
        (Answer(400, echo), Answer(503, echo), Answer(429, echo), ReadTimeout("ann@example.com")),
    ):
        add(bench, number, "ann@example.com")
        bench.mixpanel.then(answer, path="/import")
        bench.write()
        bench.clock.seconds += 60
    bench.ledger.add(INBOX, [("x", b"{}")])
    for _ in range(5):
        bench.write()
        bench.clock.seconds += 60
    bench.mixpanel.then(Answer(403, echo), path="/engage")
    add(bench, 9, "ann@example.com")
    bench.write()
    assert {line["event"] for line in logged} >= {"results_written", "writes_paused"}
    assert "example.com" not in str(logged)
    assert "example.com" not in caplog.text
    assert b"example.com" not in b"".join(bench.ledger.redis.hvals(WRITES.key("meta")))
