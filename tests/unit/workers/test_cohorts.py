"""A page of cohort members becomes invitations, under the route's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation
from workers.cohorts import unpack_page
from workers.sweeping import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

LANE = invitations("activation")


def stored(bench: Bench, key: str) -> Invitation:
    value = bench.ledger.value(INVITATIONS, key)
    assert value is not None
    return Invitation.decode(value)


def test_a_member_is_kept_with_what_the_start_needs(bench: Bench) -> None:
    tally = bench.invite(
        {
            "email": " Ann@Example.com ",
            "mixpanel_distinct_id": "u-1",
            "first_name": "Ann",
            "last_name": "Lee",
            "plan": "pro",
            "$city": "Ulm",
            "phone": "123",
        }
    )
    assert tally == {"added": 1}
    assert stored(bench, bench.key("ann@example.com")) == Invitation(
        distinct_id="u-1",
        email="Ann@Example.com",
        name="Ann Lee",
        properties={"plan": "pro", "$city": "Ulm"},
    )


@pytest.mark.parametrize("name", ["email", "$email"])
def test_the_address_is_read_under_either_name(bench: Bench, name: str) -> None:
    bench.invite({name: "ann@example.com"})
    assert stored(bench, bench.key("ann@example.com")).email == "ann@example.com"


@pytest.mark.parametrize("first", ["", "  ", None, "not an address", "@example.com", 7, True, []])
def test_an_unusable_address_gives_way_to_the_next(bench: Bench, first: Any) -> None:
    bench.invite({"email": first, "$email": "ann@example.com"})
    assert stored(bench, bench.key("ann@example.com")).email == "ann@example.com"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"mixpanel_distinct_id": "a", "distinct_id": "b", "$distinct_id": "c"}, "a"),
        ({"distinct_id": "b", "$distinct_id": "c"}, "b"),
        ({"$distinct_id": "c"}, "c"),
        ({"mixpanel_distinct_id": 42}, "42"),
        ({"mixpanel_distinct_id": True, "distinct_id": "b"}, "b"),
        ({"mixpanel_distinct_id": {"a": 1}}, ""),
        ({"mixpanel_distinct_id": "  u 1 "}, "u 1"),
        ({"mixpanel_distinct_id": "Undefined"}, ""),
        ({"mixpanel_distinct_id": 0}, ""),
    ],
)
def test_the_id_is_read_under_its_names(
    bench: Bench, member: dict[str, Any], expected: str
) -> None:
    bench.invite({"email": "ann@example.com", **member})
    assert stored(bench, bench.key("ann@example.com")).distinct_id == expected


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"first_name": "Ann"}, "Ann"),
        ({"$first_name": "Ann", "$last_name": "Lee"}, "Ann Lee"),
        ({"last_name": "Lee", "name": "Dr Lee"}, "Lee"),
        ({"name": "Ann Lee"}, "Ann Lee"),
        ({"$name": "Ann Lee"}, "Ann Lee"),
        ({}, ""),
        ({"name": "x" * 400}, "x" * 255),
    ],
)
def test_the_name_is_put_together(bench: Bench, member: dict[str, Any], expected: str) -> None:
    bench.invite({"email": "ann@example.com", **member})
    assert stored(bench, bench.key("ann@example.com")).name == expected


def test_only_the_routes_properties_are_kept_and_null_is_none(bench: Bench) -> None:
    bench.invite({"email": "ann@example.com", "plan": None, "$city": False, "secret": "x"})
    assert stored(bench, bench.key("ann@example.com")).properties == {"$city": False}


def test_two_spellings_of_an_address_are_one_person(bench: Bench) -> None:
    assert bench.invite({"email": "Ann@Example.com"}, {"email": " ann@example.COM"}) == {
        "added": 1,
        "known": 1,
    }


def test_the_same_page_again_adds_nobody(bench: Bench) -> None:
    members = [{"email": f"p{n}@example.com", "mixpanel_distinct_id": f"u-{n}"} for n in range(5)]
    assert bench.invite(*members) == {"added": 5}
    assert bench.invite(*members) == {"known": 5}
    assert bench.count("pending", LANE) == 5


def test_an_id_without_its_address_is_the_person_it_was_seen_with(
    build: Callable[..., Bench],
) -> None:
    bench = build()
    member = {"email": "bea@example.com", "mixpanel_distinct_id": "u-bea"}
    bench.invite(member, route="private")
    assert bench.invite({"mixpanel_distinct_id": "u-bea"}, route="private") == {"known": 1}


@pytest.mark.parametrize(
    ("route", "member", "reason"),
    [
        ("activation", {"mixpanel_distinct_id": "u-1"}, "no_email"),
        ("activation", {"email": "nobody", "mixpanel_distinct_id": "u-1"}, "no_email"),
        ("private", {"email": "ann@example.com"}, "no_distinct_id"),
        ("private", {"email": "ann@example.com", "distinct_id": "anonymous"}, "no_distinct_id"),
        ("activation", {"plan": "pro"}, "unidentified"),
        ("private", {}, "unidentified"),
    ],
)
def test_who_cannot_be_joined_is_cancelled_with_the_reason(
    bench: Bench, route: str, member: dict[str, Any], reason: str
) -> None:
    assert bench.invite(member, route=route) == {f"cancelled:{reason}": 1}
    assert bench.counters(INVITATIONS) == {f"cancelled:{reason}": 1}
    assert bench.tickets(route) == []


def test_who_gets_an_address_later_is_invited_then(bench: Bench) -> None:
    bench.invite({"mixpanel_distinct_id": "u-1"})
    member = {"mixpanel_distinct_id": "u-1", "email": "ann@example.com"}
    assert bench.invite(member) == {"added": 1}


def test_one_person_is_one_invitation_a_study_and_another_in_another(bench: Bench) -> None:
    member = {"email": "ann@example.com", "mixpanel_distinct_id": "u-ann"}
    assert bench.invite(member) == {"added": 1}
    assert bench.invite(member, route="private") == {"added": 1}


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


@pytest.mark.parametrize(("days", "tally"), [(29.9, {"cancelled:cooldown": 1}), (30, {"added": 1})])
def test_who_was_asked_in_any_study_rests_for_the_cool_down(
    build: Callable[..., Bench], days: float, tally: dict[str, int]
) -> None:
    bench = build(COOL)
    bench.invite({"email": "ann@example.com"})
    bench.start()
    bench.clock.seconds += days * 86_400
    assert bench.invite({"email": "ann@example.com"}, route="second") == tally


def test_a_cool_down_that_ended_counts_at_the_next_page(build: Callable[..., Bench]) -> None:
    bench = build(COOL)
    bench.invite({"email": "ann@example.com"})
    bench.start()
    bench.invite({"email": "ann@example.com"}, route="second")
    bench.clock.seconds += 31 * 86_400
    assert bench.invite({"email": "ann@example.com"}, route="second") == {"added": 1}


@pytest.mark.parametrize(
    "member",
    [
        {"email": "ANN@example.com"},
        {"mixpanel_distinct_id": "u-ann"},
        {"$email": "ann@example.com", "$distinct_id": "u-ann"},
    ],
)
def test_who_left_the_cohort_is_not_started(bench: Bench, member: dict[str, Any]) -> None:
    key = bench.invite_ann()
    page = bench.page(member, action="remove_members")
    assert unpack_page(bench.ledger, bench.route(), page) == {"left": 1}
    assert bench.state(key) == "cancelled"
    assert bench.tickets() == []


def test_who_left_after_the_ticket_was_sent_is_not_started_either(bench: Bench) -> None:
    key = bench.invite_ann()
    tickets = bench.tickets()
    page = bench.page({"email": "ann@example.com"}, action="remove_members")
    assert unpack_page(bench.ledger, bench.route(), page) == {"left": 1}
    assert bench.state(key) == "in_flight"
    assert tickets


def test_removing_somebody_unknown_changes_nothing(bench: Bench) -> None:
    page = bench.page({"email": "who@example.com"}, {}, action="remove_members")
    assert unpack_page(bench.ledger, bench.route(), page) == {"left": 0}


def test_who_comes_back_is_considered_anew(bench: Bench) -> None:
    key = bench.invite_ann()
    page = bench.page({"email": "ann@example.com"}, action="remove_members")
    unpack_page(bench.ledger, bench.route(), page)
    assert bench.invite({"email": "ann@example.com"}) == {"added": 1}
    assert bench.state(key) == "pending"


def test_a_page_without_members_is_understood(bench: Bench) -> None:
    assert bench.invite() == {}
    assert unpack_page(bench.ledger, bench.route(), bench.page(action="remove_members")) == {}


@pytest.mark.parametrize("action", ["members", "add_members"])
def test_a_page_of_more_than_a_thousand_is_taken_whole(bench: Bench, action: str) -> None:
    members = [{"email": f"p{n}@example.com"} for n in range(1001)]
    page = bench.page(*members, action=action, total_pages=2)
    assert unpack_page(bench.ledger, bench.route(), page) == {"added": 1001}
    assert bench.count("pending", LANE) == 1001


def test_a_cohort_other_than_the_routes_is_remembered(bench: Bench) -> None:
    page = bench.page({"email": "ann@example.com"}, cohort_id="999")
    unpack_page(bench.ledger, bench.route(), page)
    assert stored(bench, bench.key("ann@example.com")).cohort_id == "999"


def test_the_routes_own_cohort_takes_no_room_a_person(bench: Bench) -> None:
    bench.invite({"email": "ann@example.com"})
    assert stored(bench, bench.key("ann@example.com")).cohort_id == ""


def test_the_log_line_counts_and_names_nobody(bench: Bench, logged: list[dict[str, Any]]) -> None:
    bench.invite({"email": "ann@example.com", "name": "Ann"}, {"mixpanel_distinct_id": "u-2"})
    assert logged == [
        {
            "event": "page_unpacked",
            "level": "info",
            "route": "activation",
            "action": "add_members",
            "members": 2,
            "added": 1,
            "cancelled:no_email": 1,
        }
    ]


# --- whole copies ------------------------------------------------------------------------------


def test_who_is_missing_from_a_whole_copy_is_taken_out_with_its_last_page(bench: Bench) -> None:
    people = [{"email": f"p{n}@example.com"} for n in range(3)]
    bench.invite(*people)
    bench.clock.seconds += 1
    fields = {"action": "members", "session_id": "s", "total_pages": 2}
    first = bench.page(people[0], page=2, **fields)
    last = bench.page(people[1], page=1, **fields)
    assert unpack_page(bench.ledger, bench.route(), first) == {"known": 1}
    assert unpack_page(bench.ledger, bench.route(), last) == {"known": 1, "copies": 1}
    assert sweep(bench.bridge) == 1
    assert bench.state(bench.key("p2@example.com")) == "cancelled"


def test_a_copy_of_untold_pages_is_whole_after_a_while(bench: Bench) -> None:
    bench.invite({"email": "ann@example.com"})
    bench.clock.seconds += 1
    page = bench.page(action="members", total_pages=0)
    assert unpack_page(bench.ledger, bench.route(), page) == {}
    bench.clock.seconds += 89
    assert sweep(bench.bridge) == 0
    bench.clock.seconds += 2
    assert sweep(bench.bridge) == 1


def test_a_sweep_takes_no_more_steps_at_once_than_a_tick_has_time_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.sweeping.STEPS_AT_ONCE", 2)
    bench.invite({"email": "ann@example.com"})
    bench.clock.seconds += 1
    unpack_page(bench.ledger, bench.route(), bench.page(action="members"))
    assert sweep(bench.bridge) == 1
    assert bench.ledger.sweeps()
    assert sweep(bench.bridge) == 0
    assert not bench.ledger.sweeps()


@pytest.mark.parametrize("source", ["members", "import"])
def test_who_came_by_no_cohort_is_in_no_copy(bench: Bench, source: str) -> None:
    page = bench.page({"email": "ann@example.com"}, source=source, action="members")
    assert unpack_page(bench.ledger, bench.route(), page) == {"added": 1}
    bench.clock.seconds += 1
    unpack_page(bench.ledger, bench.route(), bench.page(action="members"))
    assert sweep(bench.bridge) == 0


def test_another_cohort_of_the_same_name_is_another_copy(bench: Bench) -> None:
    bench.invite({"email": "ann@example.com"})
    bench.clock.seconds += 1
    other = bench.page({"email": "bob@example.com"}, action="members", cohort_id="9|9")
    assert unpack_page(bench.ledger, bench.route(), other) == {"added": 1, "copies": 1}
    assert sweep(bench.bridge) == 0
