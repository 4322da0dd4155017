"""`suppress`: who is on the list is neither invited nor called, by whatever name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from common.identity import email_hash, id_hash, study_hash
from common.ledger import Ledger, invitations
from common.ledger.suppressions import SUPPRESSED, Suppressions, hashes_of
from tests.unit.ops.conftest import LEASE_MS, NOON_MS, email, invitation

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from redis import Redis

    from tests.unit.ops.conftest import Book

LANE = invitations("activation")
STUDY = study_hash("st_activation")


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    """On a real Redis: fakeredis knows no `redis.sha1hex`."""
    return Ledger(redis, clock_ms=lambda: NOON_MS)


def invite(ledger: Ledger, email_text: str = "", distinct_id: str = "") -> dict[str, int]:
    person = (email_hash(email_text), id_hash(distinct_id), invitation(1).encode(), "")
    return ledger.invite(LANE, STUDY, [person])


def test_somebody_on_the_list_is_not_invited_under_any_name(run_json: Any, ledger: Ledger) -> None:
    assert run_json("suppress", "add", "Ann@Example.com") == (
        0,
        {"suppressed": True, "changed": True},
    )
    assert invite(ledger, "ann@example.com", "u-ann") == {"cancelled:suppressed": 1}
    assert invite(ledger, "", "u-ann") == {"known": 1}
    other = ledger.invite(
        invitations("churned"), study_hash("st_churn"), [("", id_hash("u-ann"), b"{}", "")]
    )
    assert other == {"cancelled:suppressed": 1}


def test_a_plan_tells_who_is_on_the_list(run_json: Any, run: Callable[..., Result]) -> None:
    run_json("suppress", "add", "ann@example.com")
    members = json.dumps([{"email": "ANN@example.com"}, {"email": "ben@example.com"}])
    told = run_json("plan", "--route", "activation", "-", input=members)[1]
    assert (told["suppressed"], told["new"]) == (1, 1)
    output = run("plan", "--route", "activation", "-", input=members).stdout
    assert "on the suppression list" in output


def test_who_waits_and_is_then_listed_by_id_is_not_called(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    (claim,), _ = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
    assert run_json("suppress", "add", "user_1")[1]["changed"]
    begun = ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert not begun.go
    assert ledger.redis.hget(LANE.key("counters"), "cancelled:suppressed") == b"1"


def test_an_id_that_is_only_linked_later_still_counts(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    """Listed by an id, waiting by an address: the next page that has both links them."""
    run_json("suppress", "add", "u-late")
    invite(ledger, email(1))
    assert invite(ledger, email(1), "u-late") == {"known": 1}
    (claim,), _ = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
    begun = ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert not begun.go
    del book


def test_somebody_whose_call_may_be_out_is_not_called_again(ledger: Ledger, book: Book) -> None:
    book.invite(1)
    (claim,), _ = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
    ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
    ledger.retry(LANE, [(claim.key, claim.token, 0, True, True, None)])
    Suppressions(ledger).add([email_hash(email(1))], "asked by phone")
    (again,), _ = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
    begun = ledger.begin(LANE, again.key, again.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert not begun.go


def test_taken_off_the_list_the_next_sync_brings_them(run_json: Any, ledger: Ledger) -> None:
    run_json("suppress", "add", "ann@example.com")
    invite(ledger, "ann@example.com", "u-ann")
    assert run_json("suppress", "remove", "u-ann") == (0, {"suppressed": False, "changed": True})
    assert ledger.redis.hlen(SUPPRESSED) == 1, "nothing but the salt"
    assert invite(ledger, "ann@example.com") == {"added": 1}
    assert run_json("suppress", "remove", "ann@example.com")[0] == 1


def test_the_list_shows_hashes_and_one_entry_a_person(
    run_json: Any, run: Callable[..., Result], ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    run_json("suppress", "add", "user_1", "--reason", "asked by phone")
    run_json("suppress", "add", "ben@example.com")
    code, told = run_json("suppress", "list")
    assert code == 0
    assert {one["reason"] for one in told} == {"asked by phone", "by the operator"}
    assert len(told) == 2
    assert {one["at"] for one in told} == {"2026-05-29T12:00:00.000Z"}
    output = run("suppress", "list").stdout
    assert "asked by phone" in output
    stored = b" ".join(
        part for row in ledger.redis.hgetall(SUPPRESSED).items() for part in row
    ).decode()
    for name in ("user_1", email(1), "ben@example.com", *hashes_of("user_1")):
        assert name not in stored + output
    by_id = next(one["id"] for one in told if one["reason"] == "asked by phone")
    assert run_json("suppress", "remove", by_id)[0] == 0
    assert len(run_json("suppress", "list")[1]) == 1


def test_adding_twice_and_removing_nobody(run_json: Any, run: Callable[..., Result]) -> None:
    assert run("suppress", "add", "ann@example.com").stdout == "On the list.\n"
    assert run("suppress", "add", "ANN@example.com").stdout == "Was on the list already.\n"
    assert run_json("suppress", "add", "ann@example.com")[1]["changed"] is False
    assert run("suppress", "remove", "nobody@example.com").exit_code == 1
    assert run("suppress", "remove", "ann@example.com").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("anonymous",), "This names nobody"),
        (("ann@example.com", "--reason", "ann@example.com asked"), "must name nobody"),
        (("ann@example.com", "--reason", "x" * 201), "at most 200 characters"),
    ],
)
def test_what_cannot_be_listed_is_told(
    run: Callable[..., Result], ledger: Ledger, arguments: tuple[str, ...], why: str
) -> None:
    result = run("suppress", "add", *arguments)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not ledger.redis.exists(SUPPRESSED)


def test_erasing_may_keep_a_salted_hash(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    assert run_json("erase", email(1), "--suppress")[0] == 0
    new_study = study_hash("st_new")
    for who in ((email_hash(email(1)), ""), ("", id_hash("user_1"))):
        found = ledger.invite(invitations("new"), new_study, [(*who, b"{}", "")])
        assert found == {"cancelled:suppressed": 1}


def test_erasing_without_it_lets_another_study_ask(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    run_json("erase", email(1))
    person = (email_hash(email(1)), "", b"{}", "")
    assert ledger.invite(invitations("new"), study_hash("st_new"), [person]) == {"added": 1}


def test_who_is_forgotten_completely_leaves_the_list_too(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    run_json("suppress", "add", "user_1")
    assert run_json("erase", email(1), "--forget-completely")[0] == 0
    assert Suppressions(ledger).all() == []
    assert invite(ledger, email(1), "user_1") == {"added": 1}
