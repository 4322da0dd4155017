"""A dead letter keeps no field that no route would use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX
from common.messages import Answer, CohortPage, InterviewResult
from common.stored import decode
from tests.unit.workers.conftest import ROUTES
from workers.inbox import unpack
from workers.trimming import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

MEMBER = {
    "$email": "ann@example.com",
    "mixpanel_distinct_id": "u-ann",
    "first_name": "Ann",
    "plan": "pro",
    "contact": "ben@example.com",
    "$phone": "0123",
}


@pytest.mark.parametrize(
    ("route", "kept"),
    [("activation", {"plan"}), ("private", {"plan", "contact"}), ("gone", {"plan", "contact"})],
)
def test_a_page_keeps_names_and_the_routes_properties(
    bench: Bench, route: str, kept: set[str]
) -> None:
    raw = CohortPage("members", route, "1", [dict(MEMBER), {}], 1).encode()
    page = decode(trimmed(bench.bridge.config.routes, raw))
    assert isinstance(page, CohortPage)
    assert set(page.members[0]) == {"$email", "mixpanel_distinct_id", "first_name"} | kept
    assert (page.members[1], page.route) == ({}, route)


@pytest.mark.parametrize(("line", "kinds"), [("", ["scale"]), ("true", ["scale", "open_ended"])])
def test_a_result_keeps_free_text_only_where_a_route_asks_for_it(
    build: Callable[..., Bench], line: str, kinds: list[str]
) -> None:
    bench = build(ROUTES + (f"include_open_ended = {line}\n" if line else ""))
    answers = (Answer("n", "scale", 1), Answer("why", "open_ended", "because"))
    raw = InterviewResult("int-1", 1, 1, answers=answers).encode()
    result = decode(trimmed(bench.bridge.config.routes, raw))
    assert isinstance(result, InterviewResult)
    assert [answer.kind for answer in result.answers] == kinds


@pytest.mark.parametrize("raw", [b"not json", b"{}", b'{"v": 1, "kind": "cohort_page"}'])
def test_what_cannot_be_read_stays_as_it_is(bench: Bench, raw: bytes) -> None:
    assert trimmed(bench.bridge.config.routes, raw) == raw


def test_a_page_that_becomes_a_dead_letter_is_trimmed(bench: Bench) -> None:
    who: list[Any] = [dict(MEMBER)]
    bench.ledger.add(INBOX, [("p", CohortPage("members", "gone", "1", who, 1).encode())])
    for _ in range(5):
        unpack(bench.bridge)
        bench.clock.seconds += 3600
    assert bench.state("p", INBOX) == "dead"
    kept = bench.ledger.value(INBOX, "p") or b""
    assert b"0123" not in kept
    assert b"u-ann" in kept
