"""Retention: what has served its purpose is forgotten, but nobody is asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX, WRITES, Lane, invitations
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import Answer
from workers.clock import tick
from workers.identify import Respondent, identify
from workers.retention import forget_details, purge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

DAY = 86_400
LANE = invitations("activation")


def is_kept(bench: Bench, key: str, lane: Lane) -> bool:
    return bool(bench.ledger.redis.hexists(lane.key("entries"), key))


def test_address_and_name_go_and_what_names_a_person_in_mixpanel_stays(bench: Bench) -> None:
    bench.invite({"email": "ann@example.com", "distinct_id": "u-ann", "name": "Ann", "plan": "pro"})
    key = bench.key("ann@example.com")
    bench.start()
    forget_details(bench.ledger, identify(bench.bridge.config, bench.ledger, bench.result()))
    kept = Invitation.decode(bench.ledger.value(INVITATIONS, key) or b"")
    assert kept == Invitation("u-ann", properties={"plan": "pro"}, route="activation")


def test_who_is_nothing_but_an_address_is_named_by_the_next_result(bench: Bench) -> None:
    bench.invite({"email": "cem@example.com"})
    bench.start()
    result = bench.result(email="cem@example.com", external_id="")
    found = identify(bench.bridge.config, bench.ledger, result)
    forget_details(bench.ledger, found)
    again = identify(bench.bridge.config, bench.ledger, result)
    assert found.distinct_id == again.distinct_id == "cem@example.com"


def test_somebody_the_ledger_does_not_know_needs_no_forgetting(bench: Bench) -> None:
    forget_details(bench.ledger, Respondent("u-x", bench.route()))
    assert bench.ledger.redis.keys() == []


def test_who_still_waits_keeps_what_the_start_needs(bench: Bench) -> None:
    key = bench.invite_ann()
    before = bench.ledger.value(INVITATIONS, key)
    forget_details(bench.ledger, Respondent("u-ann", bench.route(), Invitation("u-ann"), key))
    assert bench.ledger.value(INVITATIONS, key) == before


@pytest.mark.parametrize("lane", [INBOX, WRITES], ids=["inbox", "writes"])
@pytest.mark.parametrize(
    ("state", "days"), [("done", 30), ("cancelled", 30), ("dead", 180), ("pending", None)]
)
def test_what_ended_is_forgotten_after_its_time(
    bench: Bench, lane: Lane, state: str, days: int | None
) -> None:
    bench.ledger.add(lane, [("a", b"{}")])
    if state == "cancelled":
        bench.ledger.cancel(lane, ["a"], "by_hand")
    elif state != "pending":
        (claim,), _ = bench.ledger.claim(lane, most=1, lease_ms=1000)
        if state == "done":
            bench.ledger.complete(lane, [("a", claim.token, b"", {})])
        else:
            bench.ledger.bury(lane, [("a", claim.token, "bug", None, "")])
    bench.clock.seconds += (days or 1000) * DAY - 60
    assert purge(bench.bridge) == 0
    assert is_kept(bench, "a", lane)
    bench.clock.seconds += 120
    assert purge(bench.bridge) == (0 if days is None else 1)
    assert is_kept(bench, "a", lane) is (days is None)


def test_who_was_started_is_never_forgotten(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    bench.clock.seconds += 3650 * DAY
    purge(bench.bridge)
    assert is_kept(bench, key, LANE)
    bench.invite_ann()
    bench.start_all()
    assert len(bench.koji.requests) == 1


def test_who_was_refused_by_policy_is_considered_anew_after_the_time(bench: Bench) -> None:
    bench.invite({"mixpanel_distinct_id": "u-1"})
    key = bench.key(distinct_id="u-1")
    bench.clock.seconds += 31 * DAY
    assert purge(bench.bridge) == 1
    assert not is_kept(bench, key, LANE)


def test_who_may_have_been_started_is_not_forgotten_with_the_dead_letter(bench: Bench) -> None:
    key = bench.invite_private()
    bench.koji.then(Answer(504))
    bench.start("private")
    assert bench.state(key) == "dead"
    bench.clock.seconds += 181 * DAY
    purge(bench.bridge)
    bench.invite_private()
    bench.start_all("private")
    assert len(bench.koji.requests) == 1


def test_a_tick_purges_and_tells_how_much(bench: Bench, logged: list[dict[str, Any]]) -> None:
    bench.ledger.add(WRITES, [("a", b"{}")])
    bench.ledger.cancel(WRITES, ["a"], "by_hand")
    bench.clock.seconds += 31 * DAY
    tick(bench.bridge)
    assert [line["entries"] for line in logged if line["event"] == "purged"] == [1]
    tick(bench.bridge)
    assert [line["event"] for line in logged].count("purged") == 1


def test_each_lane_may_have_its_own_days(build: Callable[..., Bench]) -> None:
    bench = build(KEEP_DONE_DAYS="30,inbox=7")
    for lane in (INBOX, WRITES):
        bench.ledger.add(lane, [("a", b"{}")])
        bench.ledger.cancel(lane, ["a"], "by_hand")
    bench.clock.seconds += 8 * DAY
    purge(bench.bridge)
    assert (is_kept(bench, "a", INBOX), is_kept(bench, "a", WRITES)) == (False, True)


def test_who_was_started_long_ago_is_only_a_key(bench: Bench) -> None:
    keys = [bench.invite_ann()]
    bench.invite({"email": "cem@example.com", "distinct_id": "u-cem"})
    keys.append(bench.key("cem@example.com"))
    bench.start_all()
    bench.clock.seconds += 29 * DAY
    assert purge(bench.bridge) == 0
    assert b"u-ann" in (bench.ledger.value(INVITATIONS, keys[0]) or b"")
    bench.clock.seconds += 2 * DAY
    assert purge(bench.bridge) == 2
    assert [bench.ledger.value(INVITATIONS, key) for key in keys] == [b'{"r":"activation"}'] * 2
    assert purge(bench.bridge) == 0
    bench.invite_ann()
    bench.start_all()
    assert len(bench.koji.requests) == 2, "nobody is asked twice"


def test_details_stay_while_a_result_may_come(build: Callable[..., Bench]) -> None:
    patient = ROUTES.replace('name = "private"', 'name = "private"\ninterview_timeout_days = 90')
    bench = build(patient)
    key = bench.invite_ann()
    bench.start()
    bench.clock.seconds += 89 * DAY
    assert purge(bench.bridge) == 0
    bench.clock.seconds += 2 * DAY
    assert purge(bench.bridge) == 1
    assert b"u-ann" not in (bench.ledger.value(INVITATIONS, key) or b"u-ann")


def test_shrinking_goes_on_where_it_stopped(bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(7)))
    bench.start_all()
    now_ms = bench.ledger.now_ms()
    done = [bench.ledger.shrink_done(now_ms, most=3) for _ in range(8)]
    assert sum(done) == 7
    assert done[-1] == 0
