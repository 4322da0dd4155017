"""Whose interview is it? The ledger first, then the ids that Koji tells, then the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import Answer
from workers.cohorts import unpack_page
from workers.identify import Respondent, identify

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

NOBODY = {"email": "", "external_id": "", "respondent_id": ""}


def who(bench: Bench, **fields: Any) -> Respondent:
    return identify(bench.bridge.config, bench.ledger, bench.result(**fields))


def route_name(found: Respondent) -> str:
    return found.route.name if found.route else ""


def start_untold(bench: Bench, route: str = "activation") -> None:
    """Start somebody whose interview id Koji does not tell."""
    bench.koji.then(Answer(201, b"created"))
    bench.start(route)


def test_the_interview_we_started_is_the_persons_whatever_else_is_told(bench: Bench) -> None:
    bench.invite_ann()
    bench.start()
    found = who(bench, email="other@example.com", external_id="u-other", study_id="st_private")
    assert (found.distinct_id, route_name(found)) == ("u-ann", "activation")
    assert found.person is not None
    assert found.person.properties == {"plan": "pro"}


@pytest.mark.parametrize(
    "told",
    [
        {"external_id": "u-ann"},
        {"respondent_id": "u-ann"},
        {"email": "ANN@example.com"},
        {"external_id": "u-unknown", "email": "ann@example.com"},
        {"external_id": "u-unknown", "respondent_id": "u-ann"},
    ],
)
@pytest.mark.parametrize("study_id", ["st_activation", "", "a name that Koji alone knows"])
def test_a_person_we_started_is_found_by_id_or_address(
    bench: Bench, told: dict[str, str], study_id: str
) -> None:
    bench.invite_ann()
    start_untold(bench)
    found = who(bench, interview_id="int-9", study_id=study_id, **{**NOBODY, **told})
    assert (found.distinct_id, route_name(found)) == ("u-ann", "activation")
    assert found.person is not None


def test_the_key_that_went_in_place_of_an_id_leads_back(bench: Bench) -> None:
    member = {"email": "bea@example.com", "mixpanel_distinct_id": "bea@example.com"}
    bench.invite(member, route="private")
    start_untold(bench, "private")
    (body,) = bench.koji.bodies()
    found = who(
        bench,
        interview_id="int-9",
        study_id="st_private",
        **{**NOBODY, "external_id": body["respondent_id"]},
    )
    assert (found.distinct_id, route_name(found)) == ("bea@example.com", "private")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"external_id": "a", "respondent_id": "b", "email": "c@example.com"}, "a"),
        ({"respondent_id": "b", "email": "c@example.com"}, "b"),
        ({"email": " C@example.com "}, "C@example.com"),
        (
            {"external_id": "undefined", "respondent_id": "0", "email": "c@example.com"},
            "c@example.com",
        ),
        ({"email": "no address"}, ""),
        ({}, ""),
    ],
)
def test_somebody_the_ledger_does_not_know_is_who_koji_says(
    bench: Bench, told: dict[str, str], expected: str
) -> None:
    found = who(bench, **{**NOBODY, **told})
    assert found == Respondent(expected, bench.route())


def test_a_study_of_no_route_has_none(bench: Bench) -> None:
    assert who(bench, study_id="st_other", external_id="a") == Respondent("a", None)


def test_an_address_alone_finds_who_stands_under_an_id_they_came_with_first(bench: Bench) -> None:
    bench.invite({"mixpanel_distinct_id": "u-bea", "plan": "pro"}, route="private")
    start_untold(bench, "private")
    bench.invite({"email": "bea@example.com", "distinct_id": "u-bea"}, route="private")
    told = {**NOBODY, "email": "Bea@example.com", "study_id": "st_private"}
    found = who(bench, interview_id="int-9", **told)
    assert (found.distinct_id, route_name(found)) == ("u-bea", "private")
    assert found.key == bench.key(distinct_id="u-bea", route="private")


@pytest.mark.parametrize("told", ["ann%40example.com", "Ann%40Example.com", "ann@example.com"])
def test_an_id_that_is_an_address_finds_the_person(bench: Bench, told: str) -> None:
    bench.invite_ann()
    start_untold(bench)
    found = who(bench, interview_id="int-9", **{**NOBODY, "external_id": told})
    assert found.distinct_id == "u-ann"


def test_an_encoded_address_of_somebody_unknown_is_read_as_the_address(bench: Bench) -> None:
    found = who(bench, **{**NOBODY, "external_id": "cem%40example.com"})
    assert found.distinct_id == "cem@example.com"
    odd = who(bench, **{**NOBODY, "external_id": "100%25"})
    assert odd.distinct_id == "100%25", "any other id stays as it is"


def test_an_address_names_nobody_where_mixpanel_does_not_know_people_by_it(bench: Bench) -> None:
    told = {**NOBODY, "email": "cem@example.com", "study_id": "st_private"}
    assert who(bench, **told) == Respondent("", bench.route("private"))


def test_a_key_of_ours_that_the_ledger_lost_names_nobody(bench: Bench) -> None:
    key = bench.key("cem@example.com", route="private")
    told = {**NOBODY, "external_id": key, "study_id": "st_private"}
    assert who(bench, **told) == Respondent("", bench.route("private"))


def test_a_result_of_somebody_cancelled_proves_the_start(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.ledger.cancel(invitations("activation"), [key], "left_cohort")
    assert who(bench, interview_id="int-9").distinct_id == "u-ann"
    assert bench.state(key) == "done"
    assert bench.invite({"email": "ann@example.com"}) == {"known": 1}


def test_an_anonymous_interview_is_not_traced_to_a_person(bench: Bench) -> None:
    key = bench.invite_ann()
    found = who(bench, interview_id="int-9", anonymous=True)
    assert found.person is None
    assert bench.state(key) == "pending"


def test_a_person_with_an_address_alone_is_that_address(bench: Bench) -> None:
    bench.invite({"email": "Cem@example.com"})
    bench.start()
    assert who(bench, **NOBODY).distinct_id == "Cem@example.com"


def test_a_person_of_whom_nothing_is_kept_is_who_koji_says(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    bench.ledger.redis.hset(INVITATIONS.key("entries"), key, "")
    found = who(bench)
    assert (found.distinct_id, found.route, found.key) == ("u-ann", bench.route(), key)
    assert who(bench, study_id="st_other") == Respondent("u-ann", None)


def test_who_asked_to_be_forgotten_is_nobody_by_interview_id_or_address(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    bench.erase(key)
    assert who(bench) == Respondent("", bench.route(), erased=True)
    assert who(bench, interview_id="int-9") == Respondent("", bench.route(), erased=True)


def test_a_record_of_which_nothing_is_left_does_not_hide_the_one_that_says_who(
    bench: Bench,
) -> None:
    bench.invite({"mixpanel_distinct_id": "u-ann"})
    redis, entries = bench.ledger.redis, INVITATIONS.key("entries")
    full, empty = bench.key("ann@example.com"), bench.key(distinct_id="u-ann")
    redis.hset(entries, full, Invitation(email="ann@example.com", route="activation").encode())
    assert redis.hget(entries, empty) == b""
    assert who(bench, interview_id="int-9").key == full


# --- the result proves the start -------------------------------------------------------------


@pytest.mark.parametrize("state", ["pending", "in_flight", "dead"])
def test_a_result_finishes_a_start_that_was_never_confirmed(bench: Bench, state: str) -> None:
    key = bench.invite_ann()
    if state != "pending":
        ((_, token),) = bench.tickets()
        if state == "dead":
            bench.ledger.bury(invitations("activation"), [(key, token, "ambiguous", None, "")])
    assert bench.state(key) == state
    found = who(bench, interview_id="int-9")
    assert found.distinct_id == "u-ann"
    assert bench.state(key) == "done"
    assert bench.counters(INVITATIONS)["started:activation"] == 1
    assert who(bench, interview_id="int-9", **NOBODY).distinct_id == "u-ann"
    assert bench.counters(INVITATIONS)["started:activation"] == 1, "counted once"
    bench.start_all()
    assert bench.koji.requests == []


def test_a_confirmed_start_is_left_as_it_is(bench: Bench) -> None:
    key = bench.invite_ann()
    bench.start()
    before = bench.ledger.value(INVITATIONS, key)
    who(bench)
    assert bench.ledger.value(INVITATIONS, key) == before
    assert bench.counters(INVITATIONS)["started:activation"] == 1


TWO_WAYS = """
[[routes]]
name = "first"
cohort_id = "1"
study_id = "st_same"

[[routes]]
name = "second"
cohort_id = "2"
study_id = "st_same"
"""


@pytest.mark.parametrize("route", ["first", "second"])
def test_of_two_routes_to_a_study_it_is_the_one_that_waits(
    build: Callable[..., Bench], route: str
) -> None:
    bench = build(TWO_WAYS)
    bench.invite({"email": "ann@example.com"}, route=route)
    key = bench.key("ann@example.com", route=route)
    found = who(bench, interview_id="int-9", study_id="st_same")
    assert route_name(found) == route
    assert bench.state(key, invitations(route)) == "done"
    assert bench.counters(INVITATIONS) == {f"started:{route}": 1}


def test_a_dead_letter_of_two_routes_goes_to_the_first(build: Callable[..., Bench]) -> None:
    bench = build(TWO_WAYS)
    bench.invite({"email": "ann@example.com"}, route="second")
    ((key, token),) = bench.tickets("second")
    bench.ledger.bury(invitations("second"), [(key, token, "ambiguous", None, "")])
    assert route_name(who(bench, interview_id="int-9", study_id="st_same")) == "first"
    assert bench.state(key, invitations("first")) == "done"


def test_the_route_that_started_is_told_apart_from_others_to_the_study(
    build: Callable[..., Bench],
) -> None:
    bench = build(TWO_WAYS)
    bench.invite({"email": "ann@example.com"}, route="second")
    bench.start("second")
    assert route_name(who(bench, study_id="st_same")) == "second"


def test_a_result_whose_route_left_the_file_keeps_its_person(
    build: Callable[..., Bench],
) -> None:
    old = build(ROUTES.replace('"activation"', '"gone"').replace("st_activation", "st_gone"))
    page = old.page({"email": "ann@example.com", "distinct_id": "u-ann"}, route="gone")
    unpack_page(old.ledger, old.route("gone"), page)
    old.start("gone")
    found = who(build(), study_id="st_gone", **NOBODY)
    assert found.distinct_id == "u-ann"
    assert found.route is None


def test_a_renamed_route_is_found_by_its_study(build: Callable[..., Bench]) -> None:
    old = build(ROUTES.replace('"activation"', '"old-name"'))
    page = old.page({"email": "ann@example.com"}, route="old-name")
    unpack_page(old.ledger, old.route("old-name"), page)
    old.start("old-name")
    assert route_name(who(build(), study_id="", **NOBODY)) == "activation"
