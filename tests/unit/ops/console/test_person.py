"""A person: found, shown, erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.identity import email_hash, id_hash
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.suppressions import Suppressions, hashes_of
from common.messages import CohortPage, InterviewResult
from tests.unit.ops.conftest import LEASE_MS, NOON_MS, email
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from ops.console.desk import Desk
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.erasure.PAUSE_SECONDS", 0)


def find(visitor: Visitor, who: str) -> str:
    return visible(visitor.post("/person", who=who).text)


def test_nobody_is_found_under_an_unknown_name(visitor: Visitor, desk: Desk) -> None:
    assert "Nothing is held about anybody of this name." in find(visitor, "nobody@example.com")
    (note,), _ = desk.audit.read(0, 9)
    assert note.details == {"found": False}
    assert "found no" in visible(visitor.get("/audit").text)


def test_an_empty_name_looks_for_nobody(visitor: Visitor, desk: Desk) -> None:
    assert "Nothing is held" not in find(visitor, "  ")
    assert visitor.post("/person/erase", who="", sure="yes").status_code == 200
    assert desk.audit.read(0, 9)[1] == 0


@pytest.mark.parametrize("who", [email(1), email(1).upper(), f" {email(1)} ", "user_1"])
def test_a_waiting_person_is_found_by_address_in_any_case_or_id(
    visitor: Visitor, book: Book, who: str
) -> None:
    book.invite(1, 2)
    page = find(visitor, who)
    assert f"Name Person 1 E-mail {email(1)} distinct_id user_1" in page
    assert "st_activation activation pending due 2026-05-29 12:00:00" in page
    assert "plan = pro" in page
    assert "Person 2" not in page


def test_every_study_and_result_of_a_person_is_shown(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    book.start(1, "iv-1")
    book.bury(1, route="churned", study="st_churn")
    book.write("iv-1", "user_1")
    (claim,), _ = ledger.claim(WRITES, most=1, lease_ms=LEASE_MS)
    ledger.complete(WRITES, [(claim.key, claim.token, b"", {})])
    book.write("iv-other", "user_1", dead=True)
    page = visitor.post("/person", who=email(1)).text
    text = visible(page)
    assert "st_activation" in text
    assert "invited 2026-05-29 12:00:00" in text
    assert (
        "st_churn churned dead 2026-05-29 12:00:00 rejected : HTTP 422 bad (1 failed attempt)"
        in text
    )
    assert 'href="/dead-letters/letter?id=invitations:' in page
    assert "iv-1 written to Mixpanel 2026-05-29 12:00:00" in text
    assert "iv-other dead 2026-05-29 12:00:00 rejected : no good" in text
    assert "Last invited, UTC 2026-05-29 12:00:00" in text
    assert "last_interview_sentiment negative" in text


def test_an_interview_without_a_result_says_so(visitor: Visitor, book: Book) -> None:
    book.start(1, "iv-1")
    assert "iv-1 no result to write yet" in find(visitor, "user_1")


def test_payloads_that_wait_and_mention_the_person_are_counted(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    members = [{"email": email(1).upper()}, {"email": email(2), "mixpanel_distinct_id": 7}]
    book.accept("page", CohortPage("members", "activation", "5167408", members, NOON_MS))
    book.accept("result", InterviewResult("iv-9", NOON_MS, NOON_MS, email=email(1)))
    book.accept("other", InterviewResult("iv-8", NOON_MS, NOON_MS, email=email(3)))
    ledger.add(INBOX, [("broken", b'{"email": "PERSON1@example.com"'), ("other-broken", b"{")])
    page = find(visitor, email(1))
    assert "Cohort pages not unpacked yet 1" in page
    assert "Interview results not unpacked yet 1" in page
    assert "Payloads that cannot be read 1" in page
    assert "Cohort pages not unpacked yet 1" in find(visitor, "7")


def test_somebody_refused_by_policy_is_shown_with_the_reason(
    visitor: Visitor, ledger: Ledger
) -> None:
    names = (email_hash(email(1)), id_hash("user_1"))
    ledger.invite(invitations("activation"), "studyhsh", [(*names, b"{}", "no_email")])
    page = find(visitor, email(1))
    assert "studyhsh activation cancelled 2026-05-29 12:00:00 no email" in page


@pytest.mark.parametrize("who", [email(1), "user_1"])
def test_somebody_suppressed_is_told_under_either_name(
    visitor: Visitor, book: Book, ledger: Ledger, who: str
) -> None:
    book.invite(1, 2)
    Suppressions(ledger).add(hashes_of("user_1"), "asked by phone")
    assert "On the suppression list: no route asks this person." in find(visitor, who)
    assert "On the suppression list" not in find(visitor, email(2))


def test_somebody_suppressed_of_whom_nothing_else_is_held_is_told(
    visitor: Visitor, ledger: Ledger
) -> None:
    Suppressions(ledger).add(hashes_of(email(1)), "asked by phone")
    assert "On the suppression list" in find(visitor, email(1).upper())


def test_a_script_in_a_name_or_a_property_is_text(visitor: Visitor, ledger: Ledger) -> None:
    nasty = b'{"e": "a@example.com", "n": "<script>alert(1)</script>", "p": {"<i>": "<b>"}}'
    ledger.invite(
        invitations("activation"), "studyhsh", [(email_hash("a@example.com"), "", nasty, "")]
    )
    page = visitor.post("/person", who="a@example.com").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;i&gt; = &lt;b&gt;" in page


def test_erasing_asks_first_and_then_removes_everything(
    visitor: Visitor, book: Book, desk: Desk, ledger: Ledger
) -> None:
    book.start(1, "iv-1")
    book.bury(1, route="churned", study="st_churn")
    question = visitor.post("/person/erase", who=email(1)).text
    assert f"Erase {email(1)}?" in question
    assert "E-mail" in find(visitor, email(1)), "asking erases nothing"
    done = visible(visitor.post("/person/erase", who=email(1), sure="yes").text)
    assert "Erased: 1 interviews that led back to the person, 2 invitations, in any state" in done
    assert ledger.redis.zcard("bridge:{invitations}:dead") == 0
    again = visitor.post("/person/erase", who=email(1), sure="yes").text
    assert "Nothing was found, so nothing was erased." in again
    notes, _ = desk.audit.read(0, 9)
    assert [note.what for note in notes] == ["erase person", "erase person", "look up person"]
    assert {note.on for note in notes} == {email_hash(email(1))}
    assert notes[1].details["invitations"] == 2


def test_no_address_gets_into_the_audit_list_a_url_or_the_cookie(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    book.invite(1)
    for path in ("/person", "/person/erase"):
        answer = visitor.post(path, who=email(1), sure="yes", follow=False)
        assert "example.com" not in str(answer.headers)
    assert b"example.com" not in b"".join(ledger.redis.lrange("bridge:{console}:audit", 0, -1))
