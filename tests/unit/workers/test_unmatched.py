"""A result without a person waits for the cohort that brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from common.ledger import INBOX, WRITES
from common.ledger.figures import unmatched
from common.ledger.lanes import INVITATIONS
from common.messages import Answer, ResultWrite
from common.queues import TaskNames
from common.stored import decode
from workers.clock import tick
from workers.inbox import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.messages import Message
    from tests.unit.workers.harness import Bench

BEA = {"email": "bea@example.com", "mixpanel_distinct_id": "u-bea", "plan": "pro"}
BY_EMAIL = {"email": " Bea@Example.com", "external_id": "", "study_id": "st_private"}


def accept(bench: Bench, message: Message) -> None:
    bench.ledger.add(INBOX, [(f"given:{uuid4().hex}", message.encode())])


def give(bench: Bench, **told: Any) -> None:
    """Take in a result of somebody whom we did not start."""
    accept(bench, bench.result(**{**BY_EMAIL, **told}))
    unpack(bench.bridge)


def bring(bench: Bench, *members: dict[str, Any], action: str = "add_members") -> None:
    accept(bench, bench.page(*members, route="private", action=action))
    unpack(bench.bridge)


def left_over(bench: Bench) -> list[str]:
    return [key.decode() for key in bench.ledger.redis.keys("*unmatched*")]


def test_the_cohort_that_brings_the_person_gets_the_result_written(bench: Bench) -> None:
    give(bench)
    assert unmatched(bench.ledger) == 1
    assert bench.counters(INBOX)["skipped:unidentified"] == 1
    bring(bench, BEA)
    write = decode(bench.ledger.value(WRITES, "int-1") or b"")
    assert isinstance(write, ResultWrite)
    assert (write.distinct_id, write.event["properties"]["plan"]) == ("u-bea", "pro")
    assert TaskNames.WRITE_RESULTS in [task for task, _ in bench.sent]
    assert left_over(bench) == []
    assert bench.counters(INBOX)["completed:private"] == 1


def test_who_was_interviewed_already_is_not_asked(bench: Bench) -> None:
    give(bench)
    bring(bench, BEA)
    bench.start_all("private")
    assert bench.koji.requests == []
    assert bench.state(bench.key("bea@example.com", route="private")) == "done"


def test_a_key_of_ours_that_the_ledger_lost_waits_for_its_person(bench: Bench) -> None:
    key = bench.key("bea@example.com", route="private")
    give(bench, email="", external_id=key)
    bring(bench, {"email": "other@example.com", "mixpanel_distinct_id": "u-other"})
    assert bench.count("pending", WRITES) == 0
    bring(bench, BEA)
    assert bench.count("pending", WRITES) == 1
    assert left_over(bench) == []


def test_several_results_wait_for_one_person(bench: Bench) -> None:
    give(bench, interview_id="int-1")
    give(bench, interview_id="int-2")
    first, second = bench.result(**BY_EMAIL), bench.result(**BY_EMAIL, interview_id="int-2")
    assert bench.ledger.forget_unmatched(first)
    assert not bench.ledger.forget_unmatched(first)
    assert not bench.ledger.keep_unmatched(second, 1)
    bring(bench, BEA)
    assert bench.ledger.value(WRITES, "int-2") is not None
    assert bench.ledger.value(WRITES, "int-1") is None
    assert left_over(bench) == []


def test_somebody_else_or_a_removal_brings_nobody(bench: Bench) -> None:
    give(bench)
    bring(bench, {"email": "other@example.com", "mixpanel_distinct_id": "u-other"})
    bring(bench, BEA, action="remove_members")
    bring(bench, {"plan": "pro"})
    assert unmatched(bench.ledger) == 1


def test_who_comes_without_an_id_stays_unidentified(bench: Bench) -> None:
    give(bench)
    bring(bench, {"email": "bea@example.com"})
    assert bench.counters(INVITATIONS)["cancelled:no_distinct_id"] == 1
    assert unmatched(bench.ledger) == 1


def test_a_result_that_quality_forbids_is_counted_so_once_it_has_a_person(bench: Bench) -> None:
    give(bench, quality=1)
    bring(bench, BEA)
    assert bench.counters(INBOX)["skipped:low_quality"] == 1
    assert bench.count("pending", WRITES) == 0
    assert left_over(bench) == []


def test_after_its_days_it_is_forgotten(bench: Bench) -> None:
    give(bench)
    bench.clock.seconds += 7 * 86_400 - 60
    tick(bench.bridge)
    assert unmatched(bench.ledger) == 1
    bench.clock.seconds += 120
    tick(bench.bridge)
    assert left_over(bench) == []
    bring(bench, BEA)
    assert bench.count("pending", WRITES) == 0


def test_nothing_is_kept_where_that_is_not_wanted(build: Callable[..., Bench]) -> None:
    bench = build(UNMATCHED_DAYS="0")
    give(bench)
    assert unmatched(bench.ledger) == 0


@pytest.mark.parametrize("anonymous", [True, False])
def test_an_anonymous_result_is_never_kept(bench: Bench, *, anonymous: bool) -> None:
    give(bench, anonymous=anonymous)
    assert unmatched(bench.ledger) == (0 if anonymous else 1)


def test_who_came_while_the_result_was_judged_is_found_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = bench.ledger.keep_unmatched

    def late(*args: Any) -> bool:
        bench.invite(BEA, route="private")
        return keep(*args)

    monkeypatch.setattr(bench.ledger, "keep_unmatched", late)
    give(bench)
    assert bench.count("pending", WRITES) == 1
    assert left_over(bench) == []


def test_free_text_is_not_kept_for_somebody_who_may_never_come(bench: Bench) -> None:
    answers = (Answer("why", "open_ended", "because"), Answer("nps", "scale", 9))
    result = bench.result(study_id="", external_id="", email="", answers=answers)
    bench.ledger.add(INBOX, [("koji:int-1", result.encode())])
    unpack(bench.bridge)
    (kept,) = bench.ledger.redis.hvals(INBOX.key("unmatched"))
    assert b"because" not in kept
    assert b"nps" in kept
