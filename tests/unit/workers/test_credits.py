"""Credits: reserved with the call, settled once by the result, never more than the month allows."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from requests.exceptions import ReadTimeout

from common.ledger.lanes import INVITATIONS
from tests.unit.workers.harness import Answer
from workers.clock import HOUSEKEEPING_MS, tick
from workers.cohorts import unpack_page
from workers.credits import SWEPT
from workers.retention import purge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

DAY = 86_400
MAY, JUNE = "credits:activation:2026-05", "credits:activation:2026-06"


def routes(credits_a_month: int, **keys: Any) -> str:
    more = "\n".join(f"{name} = {value!r}" for name, value in keys.items())
    return f"""
[[routes]]
name = "activation"
cohort_id = "1"
study_id = "st_activation"
monthly_credits = {credits_a_month}
{more}
"""


def crowd(bench: Bench, people: int) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(people)))


def counter(bench: Bench, name: str) -> int:
    return int(bench.ledger.redis.hget(INVITATIONS.key("counters"), name) or 0)


def book(bench: Bench) -> tuple[int, int]:
    """Return what is reserved, and what May was billed."""
    return counter(bench, "reserved:activation"), counter(bench, MAY)


def test_a_call_reserves_and_its_result_settles_once(build: Callable[..., Bench]) -> None:
    bench = build(routes(10))
    bench.invite_ann()
    bench.start()
    assert book(bench) == (1, 0)
    for _ in range(3):
        bench.unpack(bench.result())
        assert book(bench) == (0, 1)
    assert not bench.ledger.redis.exists(INVITATIONS.key("reservations"))
    assert not bench.ledger.redis.exists(INVITATIONS.key("lapses"))


@pytest.mark.parametrize(
    ("mode", "result", "expected"),
    [
        ("voice", {"mode": "voice", "quality": 3}, (0, 3)),
        ("voice", {"mode": "text", "quality": 4}, (0, 1)),
        ("text", {"mode": "voice", "quality": 4}, (0, 3)),
        ("voice", {"mode": "", "quality": 5}, (0, 3)),
        ("voice", {"quality": 2.9}, (0, 0)),
        ("voice", {"quality": None}, (3, 0)),
        ("voice", {"mode": "voice", "anonymous": True}, (0, 3)),
    ],
)
def test_the_result_says_what_it_costs(
    build: Callable[..., Bench], mode: str, result: dict[str, Any], expected: tuple[int, int]
) -> None:
    bench = build(routes(10, mode=mode))
    bench.invite_ann()
    bench.start()
    assert book(bench) == (3 if mode == "voice" else 1, 0)
    bench.unpack(bench.result(**result))
    assert book(bench) == expected


@pytest.mark.parametrize("answer", [Answer(422), Answer(503), Answer(429), Answer(401)])
def test_what_koji_refused_is_free_again(build: Callable[..., Bench], answer: Answer) -> None:
    bench = build(routes(10))
    bench.invite_ann()
    bench.koji.then(answer)
    bench.start()
    assert book(bench) == (0, 0)


def test_a_silence_keeps_its_credit_and_may_be_repeated_on_it(build: Callable[..., Bench]) -> None:
    """The budget allows one: it must neither be given to somebody else nor block its own."""
    bench = build(routes(1))
    bench.invite_ann()
    bench.koji.then(ReadTimeout())
    bench.start()
    crowd(bench, 5)
    assert book(bench) == (1, 0)
    for _ in range(100):
        bench.start_all()
        bench.clock.seconds += 60
    started = [body["respondent_email"] for body in bench.koji.bodies()]
    assert started == ["ann@example.com"] * 2
    assert book(bench) == (1, 0)


def test_an_ambiguous_dead_letter_holds_its_credit_until_it_is_forgotten(
    build: Callable[..., Bench],
) -> None:
    bench = build(routes(1, join_key="respondent_id"))
    bench.invite({"distinct_id": "u-ann"})
    bench.koji.then(ReadTimeout())
    bench.start()
    bench.invite({"distinct_id": "u-ben"})
    bench.start_all()
    assert len(bench.koji.requests) == 1
    assert book(bench) == (1, 0)
    bench.clock.seconds += 400 * DAY
    purge(bench.bridge)
    assert book(bench) == (0, 0)


def test_a_start_that_only_its_result_proves_is_billed(build: Callable[..., Bench]) -> None:
    bench = build(routes(1, join_key="respondent_id"))
    bench.invite({"distinct_id": "u-ann"})
    bench.koji.then(ReadTimeout())
    bench.start()
    bench.unpack(bench.result(email="", external_id="u-ann"))
    assert book(bench) == (0, 1)


def test_an_interview_that_is_never_finished_is_free_after_its_timeout(
    build: Callable[..., Bench],
) -> None:
    bench = build(routes(1, interview_timeout_days=2))
    bench.invite_ann()
    bench.start()
    bench.clock.seconds += 2 * DAY - 1
    tick(bench.bridge)
    assert counter(bench, "reserved:activation") == 1
    bench.clock.seconds += HOUSEKEEPING_MS / 1000
    tick(bench.bridge)
    assert counter(bench, "reserved:activation") == 0
    for _ in range(2):  # a late result still counts, and once
        bench.unpack(bench.result())
        assert book(bench) == (0, 1)


def test_a_lapsed_reservation_is_forgotten_after_a_year(build: Callable[..., Bench]) -> None:
    bench = build(routes(1, interview_timeout_days=2))
    bench.invite_ann()
    bench.start()
    for days in (2, 365):
        bench.clock.seconds += days * DAY
        tick(bench.bridge)
    assert not bench.ledger.redis.exists(INVITATIONS.key("reservations"))
    assert not bench.ledger.redis.exists(INVITATIONS.key("lapses"))
    bench.unpack(bench.result())
    assert counter(bench, "reserved:activation") == 0


def test_what_is_still_reserved_counts_against_the_next_month(build: Callable[..., Bench]) -> None:
    bench = build(routes(3))
    crowd(bench, 9)
    bench.start_all()
    assert len(bench.koji.requests) == 3
    bench.clock.seconds += 5 * DAY  # June
    bench.start_all()
    assert len(bench.koji.requests) == 3, "all three may still be billed in June"
    bench.unpack(bench.result(email="p0@example.com", external_id="", quality=2))
    bench.unpack(
        bench.result(interview_id="int-2", email="p1@example.com", external_id="", quality=4)
    )
    bench.start_all()
    assert len(bench.koji.requests) == 4
    assert counter(bench, JUNE) + counter(bench, "reserved:activation") == 3


def test_who_leaves_and_comes_back_reserves_once(build: Callable[..., Bench]) -> None:
    bench = build(routes(5))
    bench.invite_ann()
    bench.koji.then(ReadTimeout())
    bench.start()
    leave = bench.page({"email": "ann@example.com"}, action="remove_members")
    unpack_page(bench.ledger, bench.route(), leave)
    assert counter(bench, "reserved:activation") == 1, "the call may have been made"
    bench.invite_ann()
    bench.start_all()
    assert counter(bench, "reserved:activation") == 1


def test_who_is_erased_holds_nothing(build: Callable[..., Bench]) -> None:
    bench = build(routes(5))
    key = bench.invite_ann()
    bench.koji.then(ReadTimeout())
    bench.start()
    bench.erase(key)
    assert book(bench) == (0, 0)


def test_counters_of_periods_long_over_go_once_an_hour(build: Callable[..., Bench]) -> None:
    bench = build(routes(5, max_invites="5/day"))
    counters = INVITATIONS.key("counters")
    old = {"invites:gone:2026-W02": 5, "credits:activation:2026-01": 7}
    new = {"invites:activation:2026-05-20": 1, MAY: 2, "started:activation": 3}
    bench.ledger.redis.hset(counters, mapping=old | new)
    tick(bench.bridge)
    assert {name for name in bench.ledger.counters() if ":" in name} == set(new)
    bench.ledger.redis.hset(counters, mapping=old)
    bench.clock.seconds += HOUSEKEEPING_MS / 1000
    tick(bench.bridge)
    assert "invites:gone:2026-W02" in bench.ledger.counters(), "not every second"
    bench.ledger.redis.delete(SWEPT)
    bench.clock.seconds += HOUSEKEEPING_MS / 1000
    tick(bench.bridge)
    assert {name for name in bench.ledger.counters() if ":" in name} == set(new)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_budget_is_never_overrun(
    build: Callable[..., Bench], seed: int
) -> None:
    """Koji may accept and stay silent, refuse, or bill; people come, results repeat."""
    dice = random.Random(seed)
    bench = build(routes(9, mode="voice", interview_timeout_days=300))
    talks: list[tuple[str, str]] = []

    def koji(request: Any) -> Answer | Exception:
        email = bench.koji.bodies()[-1]["respondent_email"]
        known = [one for one in talks if one[1] == email]
        what = dice.choice(["yes", "yes", "silence", "lost", "no", "down"])
        if what in {"yes", "silence"} and not known:
            talks.append((f"int-{len(talks)}", email))
        if what == "yes":
            interview_id = next(one for one, whose in talks if whose == email)
            return Answer(200 if known else 201, {"interview_id": interview_id})
        if what in {"silence", "lost"}:
            return ReadTimeout()
        del request
        return Answer(422 if what == "no" and not known else 503)

    bench.koji.usual = koji  # type: ignore[assignment]
    billed: Counter[str] = Counter()
    for step in range(60):
        bench.invite({"email": f"p{step}@example.com"})
        bench.start_all(most=3)
        bench.clock.seconds += dice.choice([1, 60, 4000])
        if talks and dice.random() < 0.5:
            interview_id, email = dice.choice(talks)
            quality = 2 if int(email[1]) % 2 else 4
            told = {"interview_id": interview_id, "email": email, "external_id": ""}
            bench.unpack(bench.result(**told, quality=quality, mode="voice"))
            billed[interview_id] = 3 if quality == 4 else 0
        reserved, may = book(bench)
        assert may == sum(billed.values())
        assert may + reserved <= 9
        assert 3 * len(talks) - sum(3 - n for n in billed.values()) <= 9, "what Koji may bill"
    assert len(talks) >= 3
