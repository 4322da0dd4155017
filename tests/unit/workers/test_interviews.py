"""start_interviews: each person of a ticket gets a call and a verdict of its own."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, ReadTimeout

from common.errors import TransientError
from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import LEASE_MS, Answer, Bench, refused_connection
from workers.cohorts import unpack_page
from workers.interviews import start_interviews

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

ACTIVATION, PRIVATE = invitations("activation"), invitations("private")
STOPPED = [401, 402, 403, 300, 301, 302, 303, 307, 308]
DOWN = [500, 501, 502, 503, 505, 408, 425]
REFUSED = [400, 404, 405, 410, 413, 415, 422, 451]


def attempts(bench: Bench, key: str) -> int:
    return int(bench.meta(key, ACTIVATION).get("attempts", 0))


def lapse(bench: Bench) -> None:
    """Let every lease run out, as if the workers had vanished."""
    bench.clock.seconds += LEASE_MS / 1000 + 1
    for lane in (ACTIVATION, PRIVATE):
        bench.ledger.expire(lane)


def open_breaker(bench: Bench, route: str = "activation") -> None:
    for _ in range(5):
        bench.bridge.breaker.record(bench.bridge.koji_breaker(bench.route(route)), ok=False)


# --- success ---------------------------------------------------------------------------------


def test_an_accepted_start_is_done_and_its_interview_leads_back(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    assert bench.state(key) == "done"
    assert bench.ledger.find_interview("int-1") == key
    kept = Invitation.decode(bench.ledger.value(INVITATIONS, key) or b"")
    assert (kept.distinct_id, kept.route) == ("u-ann", "activation")
    assert bench.counters(INVITATIONS) == {"started:activation": 1}


def test_everybody_of_a_ticket_is_started_in_its_order(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(5)))
    tickets = bench.tickets()
    start_interviews(bench.bridge, "activation", tickets)
    sent = [request.headers["Idempotency-Key"] for request in bench.koji.requests]
    assert sent == [key for key, _ in tickets]
    assert bench.count("pending", ACTIVATION) == bench.count("in_flight", ACTIVATION) == 0


def test_one_persons_failure_does_not_touch_the_next(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(3)))
    bench.koji.then(Answer(201, {"interview_id": "a"}), Answer(422), Answer(201))
    tickets = bench.tickets()
    start_interviews(bench.bridge, "activation", tickets)
    assert [bench.state(key) for key, _ in tickets] == ["done", "dead", "done"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(409, {"error": "already_exists", "interview_id": "int-old"}),
        Answer(200, {"duplicate": True, "interview_id": "int-old"}),
    ],
)
def test_somebody_whom_koji_has_already_is_done(bench: Bench, answer: Answer) -> None:
    key = bench.invite_ann()
    bench.koji.then(answer)
    bench.start()
    assert bench.state(key) == "done"
    assert bench.ledger.find_interview("int-old") == key


@pytest.mark.parametrize("body", [b"", b"created", b"[]", {"interview_id": None}, {"data": []}])
def test_an_acceptance_that_names_no_interview_is_one(bench: Bench, body: Any) -> None:
    key = bench.invite_ann()
    bench.koji.then(Answer(201, body))
    bench.start()
    assert bench.state(key) == "done"
    assert bench.ledger.redis.hlen(INVITATIONS.key("interviews")) == 0


def test_the_idempotency_key_is_the_same_at_every_attempt(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.koji.then(Answer(503), ReadTimeout())
    for _ in range(3):
        bench.start()
        bench.clock.seconds += 60
    assert [request.headers["Idempotency-Key"] for request in bench.koji.requests] == [key] * 3


# --- 429 -------------------------------------------------------------------------------------


def test_a_429_defers_without_spending_an_attempt(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.koji.then(Answer(429, {"error": "rate_limited"}, {"Retry-After": "7"}))
    bench.start()
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 0
    assert 7 <= bench.due_in_seconds(key, ACTIVATION) <= 7.5


def test_a_429_without_retry_after_waits_for_the_reset(bench: Bench) -> None:
    key = bench.invite_ann()
    reset = str(int(bench.clock.seconds) + 20)
    bench.koji.then(Answer(429, headers={"X-RateLimit-Reset": reset}))
    bench.start()
    assert 18 <= bench.due_in_seconds(key, ACTIVATION) <= 20.5


def test_one_429_holds_back_the_whole_fleet(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(10)))
    bench.koji.then(Answer(429, headers={"Retry-After": "30"}))
    bench.start()
    assert len(bench.koji.requests) == 1
    assert bench.tickets() == [], "nothing is dispatched either"
    bench.clock.seconds += 31
    assert bench.tickets()


@pytest.mark.no_cover
def test_any_number_of_429s_loses_nobody(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.koji.then(*[Answer(429, headers={"Retry-After": "1"})] * 30)
    for _ in range(200):
        bench.start()
        bench.clock.seconds += 5
    assert bench.state(key) == "done"
    assert len(bench.koji.requests) == 31


# --- transient -------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [*map(Answer, DOWN), ConnectTimeout(), refused_connection()])
def test_a_call_that_did_nothing_is_due_again_and_spends_an_attempt(
    bench: Bench, failure: Any
) -> None:
    key = bench.invite_ann()
    bench.koji.then(failure)
    bench.start()
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 1
    assert 0 <= bench.due_in_seconds(key, ACTIVATION) <= 2
    assert "sent" not in bench.meta(key, ACTIVATION)


@pytest.mark.parametrize("failure", [*map(Answer, DOWN), ConnectTimeout(), refused_connection()])
def test_it_is_repeated_also_where_koji_would_not_recognise_it(bench: Bench, failure: Any) -> None:
    key = bench.invite_private()
    bench.koji.then(failure)
    bench.start("private")
    assert bench.state(key) == "pending"
    bench.clock.seconds += 60
    bench.start("private")
    assert bench.state(key) == "done"


def test_a_server_error_that_asks_for_a_wait_gets_it(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.koji.then(Answer(503, headers={"Retry-After": "45"}))
    bench.start()
    assert bench.due_in_seconds(key, ACTIVATION) == pytest.approx(45, abs=0.01)


def test_a_server_error_does_not_wait_for_the_rate_limits_reset(bench: Bench) -> None:
    key = bench.invite_ann()
    reset = str(int(bench.clock.seconds) + 60)
    bench.koji.then(Answer(500, headers={"X-RateLimit-Reset": reset}))
    bench.start()
    assert bench.due_in_seconds(key, ACTIVATION) <= 2


def test_the_last_attempt_ends_as_exhausted(build: Callable[..., Bench]) -> None:
    bench = build(MAX_ATTEMPTS="3")
    key = bench.invite_ann()
    bench.koji.then(Answer(500), Answer(503), Answer(500))
    for _ in range(3):
        bench.start()
        bench.clock.seconds += 60
    meta = bench.meta(key, ACTIVATION)
    assert bench.state(key) == "dead"
    assert (meta["reason"], meta["status"], meta["attempts"]) == ("exhausted", 500, 3)
    assert [told["outcome"] for told in meta["story"]] == ["transient", "transient", "dead"]


def test_a_dead_letter_that_is_replayed_has_a_fresh_budget(build: Callable[..., Bench]) -> None:
    bench = build(MAX_ATTEMPTS="1")
    key = bench.invite_ann()
    bench.koji.then(Answer(500))
    bench.start()
    assert bench.state(key) == "dead"
    bench.ledger.revive(ACTIVATION, [key])
    bench.start()
    assert bench.state(key) == "done"


# --- permanent -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_for_good_is_a_dead_letter_with_its_status(bench: Bench, status: int) -> None:
    key = bench.invite_ann()
    bench.koji.then(Answer(status, {"error": "nope", "message": "ann@example.com is no good"}))
    bench.start()
    meta = bench.meta(key, ACTIVATION)
    assert bench.state(key) == "dead"
    assert (meta["reason"], meta["status"]) == ("rejected", status)
    assert meta["error"] == f"HTTP {status} nope"
    assert meta["route"] == "activation"


def test_a_key_that_no_header_can_hold_is_bad_data(build: Callable[..., Bench]) -> None:
    bench = build(KOJI_API_KEY="pk\nlive")
    key = bench.invite_ann()
    bench.start()
    assert bench.meta(key, ACTIVATION)["reason"] == "bad_data"
    assert bench.koji.requests == []


def test_ten_refusals_in_a_row_pause_the_route_and_spare_the_rest(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(30)))
    bench.koji.usual = lambda _: Answer(422)
    bench.start_all()
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert "422" in pause.reason
    assert "resume activation" in pause.reason
    assert len(bench.koji.requests) == 10
    assert bench.ledger.redis.zcard(INVITATIONS.key("dead")) == 10
    bench.clock.seconds += 60
    assert bench.count("pending", ACTIVATION) + bench.count("in_flight", ACTIVATION) == 20


def test_an_acceptance_in_between_breaks_the_row(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(20)))
    bench.koji.then(*[Answer(422)] * 9, Answer(201), *[Answer(422)] * 9)
    bench.start_all()
    assert bench.bridge.pauses.get("activation") is None
    assert bench.ledger.redis.zcard(INVITATIONS.key("dead")) == 18


# --- stop the route --------------------------------------------------------------------------


@pytest.mark.parametrize("status", STOPPED)
def test_wrong_credentials_credits_or_address_pause_the_route_and_keep_everybody(
    bench: Bench, status: int
) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(5)))
    bench.koji.usual = lambda _: Answer(status, headers={"Location": "https://www.koji.test/x"})
    bench.start()
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert str(status) in pause.reason
    assert len(bench.koji.requests) == 1, "nobody else is tried, no redirect is followed"
    assert bench.count("pending", ACTIVATION) == 5
    assert bench.tickets() == []
    bench.bridge.pauses.resume("activation")
    bench.koji.usual = lambda _: Answer(201)
    bench.start_all()
    assert bench.ledger.redis.zcard(INVITATIONS.key("done")) == 5


def test_a_moved_api_is_named_in_the_pause(bench: Bench) -> None:
    bench.invite_ann()
    bench.koji.then(Answer(308, headers={"Location": "https://www.koji.test/api?email=x"}))
    bench.start()
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert "moved to www.koji.test" in pause.reason
    assert "?" not in pause.reason


def test_one_routes_pause_leaves_the_others_alone(bench: Bench) -> None:
    bench.invite_ann()
    key = bench.invite_private()
    bench.koji.then(Answer(401))
    bench.start()
    bench.start("private")
    assert bench.bridge.pauses.get("private") is None
    assert bench.state(key) == "done"


def test_a_pause_set_while_tickets_are_out_is_heeded_before_the_call(bench: Bench) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    bench.bridge.pauses.pause("activation", "by hand")
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.koji.requests == []
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 0


def test_a_pause_that_came_first_keeps_its_reason(
    bench: Bench, logged: list[dict[str, Any]]
) -> None:
    bench.invite_ann()

    def answer(_: PreparedRequest) -> Answer:
        bench.bridge.pauses.pause("activation", "by hand")
        return Answer(401)

    bench.koji.then(answer)
    bench.start()
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert pause.reason == "by hand"
    assert "route_paused" not in [line["event"] for line in logged]


# --- ambiguous -------------------------------------------------------------------------------

SILENT = [
    ReadTimeout(),
    RequestsConnectionError("reset"),
    Answer(504),
]


@pytest.mark.parametrize("silence", SILENT)
def test_silence_is_repeated_where_an_address_went_along(bench: Bench, silence: Any) -> None:
    key = bench.invite_ann()
    bench.koji.then(silence, Answer(409, {"interview_id": "int-first"}))
    bench.start()
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 1
    assert "sent" in bench.meta(key, ACTIVATION), "it may have been carried out"
    bench.clock.seconds += 60
    bench.start()
    assert bench.state(key) == "done"
    assert bench.ledger.find_interview("int-first") == key


@pytest.mark.parametrize("silence", SILENT)
def test_silence_is_held_where_no_address_went_along(bench: Bench, silence: Any) -> None:
    key = bench.invite_private()
    bench.koji.then(silence)
    bench.start("private")
    assert bench.state(key) == "dead"
    assert bench.meta(key, PRIVATE)["reason"] == "ambiguous"
    bench.clock.seconds += 3600
    bench.start("private")
    assert len(bench.koji.requests) == 1


@pytest.mark.parametrize(
    ("profile", "state"), [("nested", "dead"), ("flat", "pending"), ("union", "pending")]
)
def test_the_nested_shape_carries_no_address_so_silence_is_held(
    build: Callable[..., Bench], profile: str, state: str
) -> None:
    bench = build(KOJI_START_PROFILE=profile)
    key = bench.invite_ann()
    bench.koji.then(ReadTimeout())
    bench.start()
    assert bench.state(key) == state


def test_the_result_of_somebody_held_settles_it(bench: Bench) -> None:
    key = bench.invite_private()
    bench.koji.then(ReadTimeout())
    bench.start("private")
    result = bench.result(
        interview_id="int-7", study_id="st_private", external_id="u-bea", email=""
    )
    assert bench.unpack(result) == {"completed:private": 1}
    assert bench.state(key) == "done"


# --- vanished workers, stale and double tickets ----------------------------------------------


def begin_and_vanish(bench: Bench, lane: Any, route: str) -> None:
    """Take a ticket up to the very call, then stop, as a killed worker would."""
    ((key, token),) = bench.tickets(route)
    assert bench.ledger.begin(lane, key, token, lease_ms=LEASE_MS) is not None


def test_who_was_sent_by_a_vanished_worker_is_repeated_where_koji_recognises_it(
    bench: Bench,
) -> None:
    key = bench.invite_ann()
    begin_and_vanish(bench, ACTIVATION, "activation")
    lapse(bench)
    bench.start()
    assert bench.state(key) == "done"


def test_who_was_sent_by_a_vanished_worker_is_held_where_koji_would_not(bench: Bench) -> None:
    key = bench.invite_private()
    begin_and_vanish(bench, PRIVATE, "private")
    lapse(bench)
    bench.start("private")
    assert bench.koji.requests == []
    meta = bench.meta(key, PRIVATE)
    assert (meta["reason"], meta.get("status")) == ("ambiguous", None)


def test_a_worker_that_vanished_before_the_call_costs_nothing(bench: Bench) -> None:
    key = bench.invite_private()
    bench.tickets("private")
    lapse(bench)
    bench.start("private")
    assert bench.state(key) == "done"


def test_an_entry_that_kills_its_workers_becomes_a_dead_letter(bench: Bench) -> None:
    key = bench.invite_ann()
    for _ in range(5):
        begin_and_vanish(bench, ACTIVATION, "activation")
        lapse(bench)
    assert bench.state(key) == "dead"
    assert bench.meta(key, ACTIVATION)["reason"] == "poison"


def test_a_stale_ticket_does_nothing(bench: Bench) -> None:
    key = bench.invite_ann()
    stale = bench.tickets()
    lapse(bench)
    fresh = bench.tickets()
    start_interviews(bench.bridge, "activation", stale)
    assert bench.koji.requests == []
    assert bench.state(key) == "in_flight"
    start_interviews(bench.bridge, "activation", fresh)
    assert bench.state(key) == "done"


def test_a_stale_ticket_uses_up_no_moment_of_the_limit(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(6)))
    stale = bench.tickets()
    lapse(bench)
    fresh = bench.tickets()
    before = bench.clock.seconds
    for ticket in stale:
        start_interviews(bench.bridge, "activation", [ticket])
    start_interviews(bench.bridge, "activation", fresh[:1])
    assert bench.clock.seconds == before
    assert len(bench.koji.requests) == 1


def test_a_ticket_that_comes_again_does_nothing(bench: Bench) -> None:
    bench.invite_ann()
    tickets = bench.tickets()
    start_interviews(bench.bridge, "activation", tickets)
    start_interviews(bench.bridge, "activation", tickets)
    assert len(bench.koji.requests) == 1
    assert bench.counters(INVITATIONS) == {"started:activation": 1}


@pytest.mark.parametrize("route", ["activation", "private"])
def test_a_ticket_that_comes_again_while_its_call_is_out_does_nothing(
    bench: Bench, route: str
) -> None:
    key = bench.invite_ann() if route == "activation" else bench.invite_private()
    tickets = bench.tickets(route)

    def answer(_: PreparedRequest) -> Answer:
        start_interviews(bench.bridge, route, tickets)
        assert bench.state(key) == "in_flight"
        return Answer(201, {"interview_id": "int-1"})

    bench.koji.then(answer)
    start_interviews(bench.bridge, route, tickets)
    assert len(bench.koji.requests) == 1
    assert bench.state(key) == "done"


def test_who_is_erased_while_the_ticket_is_out_is_not_asked(bench: Bench) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    bench.erase(key)
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.koji.requests == []
    assert bench.state(key) == "cancelled"


def test_who_is_erased_while_the_call_is_out_stays_erased(bench: Bench) -> None:
    key = bench.invite_ann()

    def answer(_: PreparedRequest) -> Answer:
        bench.erase(key)
        return Answer(201, {"interview_id": "int-1"})

    bench.koji.then(answer)
    bench.start()
    assert bench.state(key) == "cancelled"
    assert bench.ledger.value(INVITATIONS, key) == b""
    assert bench.unpack(bench.result()) == {"completed:activation": 1, "skipped:erased": 1}


def test_a_failure_after_a_silence_does_not_make_the_silence_forgotten(bench: Bench) -> None:
    key = bench.invite_private()
    begin_and_vanish(bench, PRIVATE, "private")
    lapse(bench)
    open_breaker(bench, "private")
    bench.clock.seconds += 2
    tickets = bench.tickets("private")
    bench.bridge.pauses.pause("private", "by hand")
    start_interviews(bench.bridge, "private", tickets)
    bench.bridge.pauses.resume("private")
    bench.start("private")
    assert bench.koji.requests == []
    assert bench.meta(key, PRIVATE)["reason"] == "ambiguous"


def test_a_ticket_waiting_in_the_queue_keeps_its_lease_from_its_first_look_on(
    bench: Bench,
) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    bench.clock.seconds += LEASE_MS / 1000 - 1
    leased_until = []

    def answer(_: PreparedRequest) -> Answer:
        leased_until.append(bench.ledger.redis.zscore(ACTIVATION.own_key("in_flight"), key))
        return Answer(201)

    bench.koji.then(answer)
    start_interviews(bench.bridge, "activation", tickets)
    assert leased_until == [bench.clock() + LEASE_MS]


def lose_the_claim(bench: Bench, lane: Any) -> Callable[[PreparedRequest], Answer]:
    """Answer so late that the lease ran out meanwhile."""

    def answer(_: PreparedRequest) -> Answer:
        lapse(bench)
        assert bench.count("pending", lane) == 1
        return Answer(201, {"interview_id": "int-late"})

    return answer


@pytest.mark.parametrize("taken_again", [False, True])
def test_an_acceptance_that_comes_after_the_lease_still_counts(
    bench: Bench, *, taken_again: bool
) -> None:
    key = bench.invite_private()
    late = lose_the_claim(bench, PRIVATE)

    def answer(request: PreparedRequest) -> Answer:
        found = late(request)
        if taken_again:
            bench.tickets("private")
        return found

    bench.koji.then(answer)
    start_interviews(bench.bridge, "private", bench.tickets("private"))
    assert bench.state(key) == "done"
    assert bench.ledger.find_interview("int-late") == key
    assert bench.counters(INVITATIONS) == {"started:private": 1}
    bench.clock.seconds += 3600
    bench.start_all("private")
    assert len(bench.koji.requests) == 1


def test_a_refusal_that_comes_after_the_lease_changes_nothing(bench: Bench) -> None:
    key = bench.invite_ann()

    def answer(_: PreparedRequest) -> Answer:
        lapse(bench)
        return Answer(422)

    bench.koji.then(answer)
    start_interviews(bench.bridge, "activation", bench.tickets())
    assert bench.state(key) == "pending"


def test_what_koji_accepted_is_noted_before_anything_else_can_fail(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = bench.invite_ann()

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(bench.bridge.breaker, "record", fail)
    with pytest.raises(ConnectionError):
        bench.start()
    assert bench.state(key) == "done"


# --- policy at the last moment ---------------------------------------------------------------

COOL = """
[defaults]
cooldown_days = 30

[[routes]]
name = "activation"
cohort_id = "1"
study_id = "st_activation"

[[routes]]
name = "second"
cohort_id = "2"
study_id = "st_second"
"""


def test_who_was_asked_elsewhere_meanwhile_is_not_asked(build: Callable[..., Bench]) -> None:
    bench = build(COOL)
    bench.invite({"email": "ann@example.com"})
    bench.invite({"email": "ann@example.com"}, route="second")
    bench.start()
    bench.start("second")
    key = bench.key("ann@example.com", route="second")
    assert len(bench.koji.requests) == 1
    assert bench.state(key, invitations("second")) == "cancelled"
    assert bench.meta(key, INVITATIONS)["cancelled"] == "cooldown"


def test_without_a_cool_down_both_studies_ask(bench: Bench) -> None:
    bench.invite_ann()
    bench.invite({"email": "ann@example.com", "distinct_id": "u-ann"}, route="private")
    bench.start()
    bench.start("private")
    assert len(bench.koji.requests) == 2


def test_who_left_the_cohort_while_the_ticket_was_out_is_not_asked(bench: Bench) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    page = bench.page({"email": "ann@example.com"}, action="remove_members")
    unpack_page(bench.ledger, bench.route(), page)
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.koji.requests == []
    assert bench.state(key) == "cancelled"


def test_a_route_that_left_the_file_keeps_its_people_waiting(build: Callable[..., Bench]) -> None:
    old = build()
    key = old.invite_ann()
    tickets = old.tickets()
    new = build(ROUTES.replace('"activation"', '"renamed"'))
    start_interviews(new.bridge, "activation", tickets)
    assert new.koji.requests == old.koji.requests == []
    assert old.state(key) == "pending"
    assert old.due_in_seconds(key, ACTIVATION) == 60
    old.clock.seconds += 61
    old.start()
    assert old.state(key) == "done"


# --- limit and breaker before the call -------------------------------------------------------


def test_calls_keep_the_pace_of_the_limit(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(30)))
    at = []
    bench.koji.usual = lambda _: at.append(bench.clock.seconds) or Answer(201)  # type: ignore[func-returns-value]
    bench.start_all()
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert len(at) == 30
    assert min(gaps) == pytest.approx(60 / (60 * 0.99), abs=0.001)


def test_a_turn_that_is_far_away_puts_the_rest_of_the_ticket_back(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(6)))
    tickets = bench.tickets()
    bench.koji.then(Answer(201), Answer(429, headers={"Retry-After": "60"}))
    start_interviews(bench.bridge, "activation", tickets)
    assert len(bench.koji.requests) == 2
    waits = [bench.due_in_seconds(key, ACTIVATION) for key, _ in tickets[2:]]
    assert waits == pytest.approx([60] * 4, abs=0.1)
    assert {attempts(bench, key) for key, _ in tickets[2:]} == {0}


def test_while_the_breaker_is_open_tickets_go_back_unspent(bench: Bench) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    open_breaker(bench)
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.koji.requests == []
    assert bench.state(key) == "pending"
    assert attempts(bench, key) == 0
    assert bench.due_in_seconds(key, ACTIVATION) == pytest.approx(0.9, abs=0.01)


def test_five_failures_open_the_breaker_and_the_rest_is_spared(
    build: Callable[..., Bench],
) -> None:
    bench = build(KOJI_RATE_LIMIT="600/minute")
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(20)))
    bench.koji.usual = lambda _: Answer(503)
    for _ in range(4):
        bench.start()
    assert len(bench.koji.requests) == 5
    assert bench.bridge.breaker.look(bench.bridge.koji_breaker(bench.route())).open


def test_an_outage_of_hours_buries_nobody_and_ends_by_itself(build: Callable[..., Bench]) -> None:
    bench = build(MAX_ATTEMPTS="3")
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(8)))
    bench.koji.usual = lambda _: Answer(503)
    for _ in range(60):
        bench.start()
        bench.clock.seconds += 60
    assert len(bench.koji.requests) > 20
    assert bench.ledger.redis.zcard(INVITATIONS.key("dead")) == 0
    bench.koji.usual = lambda _: Answer(201)
    for _ in range(60):
        bench.start()
        bench.clock.seconds += 60
    assert bench.ledger.redis.zcard(INVITATIONS.key("done")) == 8


def test_a_429_is_an_answer_and_closes_the_breaker(bench: Bench) -> None:
    bench.invite_ann()
    open_breaker(bench)
    bench.clock.seconds += 2
    bench.koji.then(Answer(429))
    bench.start()
    assert bench.bridge.breaker.look(bench.bridge.koji_breaker(bench.route())).closed


@pytest.mark.parametrize("why", ["stale", "cancelled", "held"])
def test_a_probe_that_was_not_needed_is_handed_on_at_once(bench: Bench, why: str) -> None:
    bench.invite_private()
    other = {"email": "cem@example.com", "mixpanel_distinct_id": "u-cem"}
    if why == "held":
        begin_and_vanish(bench, PRIVATE, "private")
        lapse(bench)
    tickets = bench.tickets("private")
    if why == "cancelled":
        page = bench.page({"email": "bea@example.com"}, route="private", action="remove_members")
        unpack_page(bench.ledger, bench.route("private"), page)
    open_breaker(bench, "private")
    bench.clock.seconds += 2
    if why == "stale":  # lost between the ticket's first look and its begin
        (key, token), *_ = tickets
        renew = bench.ledger.renew

        def renew_then_lose(*args: Any) -> list[bool]:
            found = renew(*args)
            error = TransientError("x")
            bench.ledger.retry(PRIVATE, [(key, token, 60_000, False, False, error)])
            return found

        bench.ledger.renew = renew_then_lose  # type: ignore[method-assign]
    start_interviews(bench.bridge, "private", tickets)
    assert bench.koji.requests == []
    bench.invite(other, route="private")
    bench.start("private")
    assert len(bench.koji.requests) == 1
    assert bench.bridge.breaker.look(bench.bridge.koji_breaker(bench.route("private"))).closed


# --- what leaves -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distinct_id", "contact"),
    [
        ("u1", "bea@example.com"),
        ("u1", "Bea <Bea@example.com>"),
        ("u1", ["x", "bea@example.com"]),
        ("u1", {"bea@example.com": 1}),
        ("bea@example.com", "none"),
        ("Bea bea@example.com", "none"),
    ],
)
def test_no_address_leaves_where_the_route_joins_by_id(
    bench: Bench, distinct_id: str, contact: Any
) -> None:
    member = {
        "email": "bea@example.com",
        "mixpanel_distinct_id": distinct_id,
        "name": "bea@example.com",
        "contact": contact,
        "plan": "pro",
    }
    bench.invite(member, route="private")
    bench.start("private")
    (request,) = bench.koji.requests
    left = f"{request.url} {request.headers} {request.body!r}".lower()
    assert "example.com" not in left
    assert "pro" in left


def test_the_log_names_nobody_on_any_path(
    bench: Bench, logged: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    members = [
        {
            "email": f"p{n}@example.com",
            "name": "Zoe Quux",
            "mixpanel_distinct_id": f"p{n}@example.com",
        }
        for n in range(8)
    ]
    bench.invite(*members)
    echo = {"error": "p0@example.com", "message": "p0@example.com: Zoe Quux"}
    bench.koji.then(
        Answer(201),
        Answer(422, echo),
        Answer(503, echo),
        Answer(429, echo, {"Retry-After": "1"}),
        ReadTimeout("p0@example.com"),
        RequestsConnectionError("p0@example.com"),
        Answer(401, echo),
    )
    for _ in range(12):
        bench.start()
        bench.clock.seconds += 3
    events = {line["event"] for line in logged}
    assert {"started", "start_failed", "route_paused"} <= events
    assert {line.get("outcome") for line in logged} >= {
        *("rejected", "transient", "later", "ambiguous", "stopped"),
    }
    for text in (str(logged), caplog.text):
        assert "example.com" not in text
        assert "Quux" not in text
    meta = bench.ledger.redis.hvals(INVITATIONS.key("meta"))
    assert b"example.com" not in b"".join(meta), "what operators see is as clean"
