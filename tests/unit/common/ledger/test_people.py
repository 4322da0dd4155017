"""Who is invited: once for a study, whatever names them; who is refused, leaves, comes back."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from common.ledger import Lane, invitations
from common.ledger.lanes import INVITATIONS
from tests.support.book import read_lane

if TYPE_CHECKING:
    from redis import Redis

    from common.ledger import Ledger
    from common.ledger.ledger import Begun
    from tests.support.clock import FakeClock

ALPHA, BETA, GAMMA = invitations("alpha"), invitations("beta"), invitations("gamma")
STUDY, OTHER_STUDY = "study-1", "study-2"
ANN, OLD_ANN, BOB = "ann@", "ann@old", "bob@"
PHONE, LAPTOP, TABLET = "phone", "laptop", "tablet"
LEASE_MS, COOLDOWN_MS = 1000, 30_000


def invite(
    ledger: Ledger,
    *people: tuple[str, str],
    lane: Lane = ALPHA,
    study: str = STUDY,
    refusal: str = "",
    cooldown_ms: int = 0,
) -> dict[str, int]:
    rows = [(email, by_id, b"%d" % n, refusal) for n, (email, by_id) in enumerate(people)]
    return ledger.invite(lane, study, rows, cooldown_ms)


def call(ledger: Ledger, lane: Lane = ALPHA, cooldown_ms: int = 0) -> tuple[str, int, Begun]:
    """Claim the next person as a ticket and begin it."""
    ((claim,), _) = ledger.claim(lane, most=1, lease_ms=LEASE_MS, begins=False)
    begun = ledger.begin(lane, claim.key, claim.token, lease_ms=LEASE_MS, cooldown_ms=cooldown_ms)
    assert begun
    return claim.key, claim.token, begun


def start(ledger: Ledger, lane: Lane = ALPHA) -> str:
    key, token, begun = call(ledger, lane)
    assert begun.go
    done = ledger.complete_start(lane, key, token, value=b"", interview_id="", counters={})
    assert done
    return key


def state(ledger: Ledger, key: str) -> tuple[str, str]:
    return read_lane(ledger.redis, [ALPHA, BETA, GAMMA]).state_of(key)


def waiting(ledger: Ledger) -> int:
    sizes = read_lane(ledger.redis, [ALPHA, BETA, GAMMA]).sizes()
    return sizes.get("pending", 0) + sizes.get("in_flight", 0) + sizes.get("done", 0)


# --- once for a study, whatever names them ---


def test_a_page_of_a_thousand_is_added_in_one_call(ledger: Ledger, redis: Redis) -> None:
    ledger.invite(ALPHA, STUDY, [])  # loads the script
    before = redis.info("commandstats")["cmdstat_evalsha"]["calls"]
    found = invite(ledger, *((f"member-{n}@", f"id-{n}") for n in range(1000)))
    assert found == {"added": 1000}
    assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_a_page_that_comes_again_adds_nobody(ledger: Ledger) -> None:
    page = [(ANN, PHONE), (BOB, LAPTOP)]
    assert invite(ledger, *page) == {"added": 2}
    assert invite(ledger, *page) == {"known": 2}


@pytest.mark.parametrize(
    "meetings",
    [
        [(ANN, PHONE), (ANN, "")],
        [(ANN, PHONE), ("", PHONE)],
        [(ANN, PHONE), (ANN, LAPTOP)],
        [(ANN, PHONE), (ANN, LAPTOP), ("", LAPTOP)],
        [(ANN, ""), (ANN, PHONE), ("", PHONE)],
        [("", PHONE), (ANN, PHONE)],
        [("", PHONE), (ANN, PHONE), (ANN, "")],
        [("", PHONE), (ANN, PHONE), (ANN, LAPTOP), ("", LAPTOP)],
        [("", PHONE), (ANN, PHONE), (OLD_ANN, PHONE), (OLD_ANN, TABLET), ("", TABLET)],
        [(OLD_ANN, PHONE), (ANN, PHONE), (ANN, "")],
        [(OLD_ANN, PHONE), (ANN, PHONE), (ANN, TABLET), ("", TABLET)],
    ],
    ids=lambda meetings: " then ".join("+".join(filter(None, names)) for names in meetings),
)
def test_a_person_is_added_once_whatever_names_them(
    ledger: Ledger, meetings: list[tuple[str, str]]
) -> None:
    for names in meetings:
        invite(ledger, names)
    assert waiting(ledger) == 1


def test_two_people_who_turn_out_to_be_one_are_not_added_a_third_time(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE), (OLD_ANN, LAPTOP))
    assert invite(ledger, (ANN, LAPTOP), (OLD_ANN, TABLET), ("", TABLET)) == {"known": 3}


def test_a_person_is_added_once_within_a_page(ledger: Ledger) -> None:
    assert invite(ledger, (ANN, PHONE), (ANN, LAPTOP), ("", PHONE)) == {"added": 1, "known": 2}


def test_routes_of_one_study_invite_a_person_once(ledger: Ledger) -> None:
    assert invite(ledger, (ANN, PHONE), lane=ALPHA) == {"added": 1}
    assert invite(ledger, ("", PHONE), lane=BETA) == {"known": 1}
    assert start(ledger, ALPHA) == f"{ANN}.{STUDY}"
    assert invite(ledger, (ANN, LAPTOP), lane=BETA) == {"known": 1}


def test_another_study_invites_a_person_again(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    assert invite(ledger, (ANN, PHONE), lane=GAMMA, study=OTHER_STUDY) == {"added": 1}


def test_who_was_joined_in_one_study_is_one_person_in_all(ledger: Ledger) -> None:
    invite(ledger, ("", PHONE), lane=GAMMA, study=OTHER_STUDY)
    invite(ledger, (ANN, PHONE))
    assert invite(ledger, (ANN, ""), lane=GAMMA, study=OTHER_STUDY) == {"known": 1}


def test_an_id_that_everybody_shares_makes_no_list_without_end(
    ledger: Ledger, redis: Redis
) -> None:
    invite(ledger, *((f"member-{n}@", "shared") for n in range(100)))
    kin = redis.hgetall(INVITATIONS.key("kin"))
    assert max(len(value.split()) for value in kin.values()) == 16


def test_a_chain_of_names_is_followed_to_the_nearest_sixteen(ledger: Ledger) -> None:
    chain = [f"{'id' if n % 2 else 'address'}-{n}" for n in range(24)]
    for one, two in pairwise(chain):
        invite(ledger, (one, two) if one.startswith("address") else (two, one))
    invite(ledger, (chain[0], ""), lane=GAMMA, study=OTHER_STUDY)
    found = [
        invite(ledger, (chain[n], ""), lane=GAMMA, study=OTHER_STUDY, refusal="no")
        for n in (2, 6, 22)
    ]
    assert found == [{"known": 1}, {"known": 1}, {"cancelled:no": 1}]


def test_somebody_without_a_name_is_counted_and_not_kept(ledger: Ledger, redis: Redis) -> None:
    assert invite(ledger, ("", ""), ("", "")) == {"cancelled:unidentified": 2}
    assert redis.hget(ALPHA.key("counters"), "cancelled:unidentified") == b"2"
    assert redis.hlen(ALPHA.key("entries")) == 0


def test_the_routes_that_ever_had_people_are_known(ledger: Ledger) -> None:
    assert ledger.sublanes() == set()
    invite(ledger, lane=ALPHA)
    invite(ledger, (ANN, ""), lane=BETA)
    assert ledger.sublanes() == {"alpha", "beta"}


# --- refused for now ---


def test_a_refusal_is_kept_with_its_reason_and_without_the_person(
    ledger: Ledger, redis: Redis
) -> None:
    assert invite(ledger, ("", PHONE), refusal="no_email") == {"cancelled:no_email": 1}
    page = read_lane(redis, [ALPHA])
    assert page.state_of(f"{PHONE}.{STUDY}") == ("cancelled", "")
    assert page.entries[f"{PHONE}.{STUDY}"] == b""
    assert page.meta[f"{PHONE}.{STUDY}"] == {"cancelled": "no_email", "route": "alpha"}
    assert page.counters["cancelled:no_email"] == 1


def test_who_is_refused_again_is_not_counted_again(ledger: Ledger, redis: Redis) -> None:
    invite(ledger, ("", PHONE), refusal="no_email")
    assert invite(ledger, ("", PHONE), refusal="no_email") == {"known": 1}
    assert redis.hget(ALPHA.key("counters"), "cancelled:no_email") == b"1"


def test_who_was_refused_is_considered_anew_by_the_next_page(ledger: Ledger) -> None:
    invite(ledger, ("", PHONE), refusal="no_email")
    assert invite(ledger, (ANN, PHONE)) == {"added": 1}
    assert start(ledger) == f"{PHONE}.{STUDY}"
    assert invite(ledger, (ANN, LAPTOP), ("", PHONE), (ANN, "")) == {"known": 3}


def test_who_is_considered_anew_brings_what_is_known_of_them_now(ledger: Ledger) -> None:
    invite(ledger, (ANN, ""), refusal="no_email")
    ledger.invite(ALPHA, STUDY, [(ANN, "", b"newer", "")])
    assert ledger.value(ALPHA, f"{ANN}.{STUDY}") == b"newer"


@pytest.mark.parametrize("reason", ["dropped", "erased"])
def test_what_was_dropped_is_final(ledger: Ledger, reason: str) -> None:
    invite(ledger, (ANN, PHONE))
    assert ledger.cancel(ALPHA, [f"{ANN}.{STUDY}"], reason) == [True]
    assert invite(ledger, (ANN, PHONE), (ANN, LAPTOP)) == {"known": 2}
    assert state(ledger, f"{ANN}.{STUDY}") == ("cancelled", "")


def test_who_is_cancelled_for_another_reason_is_not(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    ledger.cancel(ALPHA, [f"{ANN}.{STUDY}"], "tidied")
    assert invite(ledger, (ANN, PHONE)) == {"added": 1}


# --- cool-down ---


@pytest.mark.parametrize(("ms", "outcome"), [(0, "cancelled:cooldown"), (1, "added")])
def test_who_was_started_in_any_study_rests_for_the_cooldown(
    ledger: Ledger, clock: FakeClock, ms: int, outcome: str
) -> None:
    invite(ledger, (ANN, PHONE))
    start(ledger)
    clock.advance(ms=COOLDOWN_MS - 1 + ms)
    found = invite(ledger, ("", PHONE), lane=GAMMA, study=OTHER_STUDY, cooldown_ms=COOLDOWN_MS)
    assert found == {outcome: 1}


def test_who_was_started_under_an_id_rests_under_the_address_too(ledger: Ledger) -> None:
    invite(ledger, ("", PHONE))
    start(ledger)
    found = invite(ledger, (ANN, PHONE), lane=GAMMA, study=OTHER_STUDY, cooldown_ms=COOLDOWN_MS)
    assert found == {"cancelled:cooldown": 1}


@pytest.mark.parametrize("first", [(ANN, PHONE), ("", PHONE)])
def test_who_is_started_elsewhere_while_waiting_is_not_called(
    ledger: Ledger, clock: FakeClock, first: tuple[str, str]
) -> None:
    invite(ledger, first)
    invite(ledger, (ANN, PHONE), lane=GAMMA, study=OTHER_STUDY)
    start(ledger, ALPHA)
    clock.advance(ms=COOLDOWN_MS - 1)
    key, _, begun = call(ledger, GAMMA, cooldown_ms=COOLDOWN_MS)
    assert not begun.go
    page = read_lane(ledger.redis, [ALPHA, GAMMA])
    assert page.state_of(key) == ("cancelled", "")
    assert page.meta[key]["cancelled"] == "cooldown"
    assert page.counters["cancelled:cooldown"] == 1


def test_a_start_that_only_its_result_proves_begins_a_cooldown(
    ledger: Ledger, clock: FakeClock
) -> None:
    invite(ledger, (ANN, ""), lane=GAMMA, study=OTHER_STUDY)
    start(ledger, GAMMA)
    clock.advance(ms=2 * COOLDOWN_MS)
    invite(ledger, (ANN, ""), cooldown_ms=COOLDOWN_MS)
    key, _, _ = call(ledger)
    assert ledger.confirm_start(ALPHA, key, value=b"", interview_id="iv", counters={})
    clock.advance(ms=COOLDOWN_MS - 1)
    found = invite(ledger, (ANN, ""), lane=BETA, study="study-3", cooldown_ms=COOLDOWN_MS)
    assert found == {"cancelled:cooldown": 1}


def test_no_cooldown_lets_anybody_through(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    start(ledger)
    assert invite(ledger, (ANN, PHONE), lane=GAMMA, study=OTHER_STUDY) == {"added": 1}


# --- leaving ---


@pytest.mark.parametrize("names", [(ANN, ""), ("", PHONE), (ANN, LAPTOP), (ANN, PHONE)])
def test_who_leaves_before_their_turn_is_cancelled(ledger: Ledger, names: tuple[str, str]) -> None:
    invite(ledger, (ANN, PHONE))
    assert ledger.leave(ALPHA, STUDY, [names]) == 1
    page = read_lane(ledger.redis, [ALPHA])
    assert page.state_of(f"{ANN}.{STUDY}") == ("cancelled", "")
    assert page.meta[f"{ANN}.{STUDY}"]["cancelled"] == "left_cohort"
    assert page.entries[f"{ANN}.{STUDY}"] == b""


def test_who_is_unknown_may_leave(ledger: Ledger) -> None:
    assert ledger.leave(ALPHA, STUDY, [(ANN, PHONE), ("", "")]) == 0


def test_who_leaves_another_route_of_the_study_stays(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE), lane=ALPHA)
    assert ledger.leave(BETA, STUDY, [(ANN, PHONE)]) == 0
    assert state(ledger, f"{ANN}.{STUDY}") == ("pending", "alpha")


def test_who_leaves_another_study_stays(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    assert ledger.leave(ALPHA, OTHER_STUDY, [(ANN, PHONE)]) == 0
    assert state(ledger, f"{ANN}.{STUDY}") == ("pending", "alpha")


def test_who_leaves_is_not_asked_by_a_replay(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    ledger.bury(ALPHA, [(key, token, "rejected", 422, "")], sent=False)
    assert ledger.leave(ALPHA, STUDY, [(ANN, PHONE)]) == 1
    assert state(ledger, key) == ("cancelled", "")
    assert ledger.revive(ALPHA, [key])[0] == [False]
    assert invite(ledger, (ANN, PHONE)) == {"added": 1}


def test_a_dead_letter_of_another_route_stays_when_its_person_leaves(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    ledger.bury(ALPHA, [(key, token, "rejected", 422, "")], sent=False)
    assert ledger.leave(BETA, STUDY, [(ANN, PHONE)]) == 0
    assert state(ledger, key) == ("dead", "")


def test_who_leaves_while_the_ticket_is_out_is_not_called(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    ((claim,), _) = ledger.claim(ALPHA, most=1, lease_ms=LEASE_MS, begins=False)
    assert ledger.leave(ALPHA, STUDY, [(ANN, "")]) == 1
    begun = ledger.begin(ALPHA, claim.key, claim.token, lease_ms=LEASE_MS)
    assert begun
    assert (begun.go, begun.value) == (False, b"")
    assert state(ledger, claim.key) == ("cancelled", "")


def test_who_leaves_while_the_ticket_is_lost_is_not_called_by_the_next(
    ledger: Ledger, clock: FakeClock
) -> None:
    invite(ledger, (ANN, PHONE))
    ledger.claim(ALPHA, most=1, lease_ms=LEASE_MS, begins=False)
    ledger.leave(ALPHA, STUDY, [(ANN, "")])
    clock.advance(ms=LEASE_MS)
    ledger.expire(ALPHA)
    assert not call(ledger)[2].go


def test_who_leaves_during_the_call_stays_started(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    assert ledger.leave(ALPHA, STUDY, [(ANN, "")]) == 0
    assert ledger.complete_start(ALPHA, key, token, value=b"", interview_id="", counters={})


def test_who_leaves_during_a_call_that_was_refused_is_not_called_again(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    ledger.leave(ALPHA, STUDY, [(ANN, "")])
    ledger.retry(ALPHA, [(key, token, 0, False, False, None)])
    assert not call(ledger)[2].go


def test_who_leaves_during_a_call_without_an_answer_is_called_to_find_out(
    ledger: Ledger,
) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    ledger.leave(ALPHA, STUDY, [(ANN, "")])
    ledger.retry(ALPHA, [(key, token, 0, True, True, None)])
    _, _, begun = call(ledger)
    assert (begun.go, begun.sent_before) == (True, True)


# --- coming back ---


def test_who_comes_back_after_a_removal_is_considered_anew(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    ledger.leave(ALPHA, STUDY, [(ANN, PHONE)])
    assert invite(ledger, (ANN, PHONE)) == {"added": 1}
    assert call(ledger)[2].go


def test_who_comes_back_before_the_removal_took_effect_is_called(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    ((claim,), _) = ledger.claim(ALPHA, most=1, lease_ms=LEASE_MS, begins=False)
    ledger.leave(ALPHA, STUDY, [(ANN, "")])
    assert invite(ledger, ("", PHONE)) == {"known": 1}
    begun = ledger.begin(ALPHA, claim.key, claim.token, lease_ms=LEASE_MS)
    assert begun
    assert begun.go


def test_who_comes_back_after_having_been_started_is_not_started_again(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    start(ledger)
    ledger.leave(ALPHA, STUDY, [(ANN, PHONE)])
    assert invite(ledger, (ANN, PHONE)) == {"known": 1}


def test_who_may_have_been_started_stays_so_over_leaving_and_coming_back(
    ledger: Ledger, clock: FakeClock
) -> None:
    invite(ledger, (ANN, PHONE))
    call(ledger)
    clock.advance(ms=LEASE_MS)
    ledger.expire(ALPHA)
    assert ledger.leave(ALPHA, STUDY, [(ANN, PHONE)]) == 1
    assert invite(ledger, (ANN, PHONE), refusal="no_email") == {"known": 1}
    assert invite(ledger, (ANN, PHONE)) == {"added": 1}
    assert call(ledger)[2].sent_before


def test_who_comes_back_has_a_fresh_budget_of_attempts(ledger: Ledger) -> None:
    invite(ledger, (ANN, PHONE))
    key, token, _ = call(ledger)
    ledger.retry(ALPHA, [(key, token, 0, True, False, None)])
    ledger.leave(ALPHA, STUDY, [(ANN, PHONE)])
    invite(ledger, (ANN, PHONE))
    assert call(ledger)[2].attempts == 0
