"""Dead letters: the list and one letter."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from common.ledger import WRITES, invitations
from common.messages import CohortPage, Invitation
from ops.console import search
from ops.console.texts import DASH
from tests.unit.ops.conftest import LEASE_MS, NOON_MS, email
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from common.ledger import Ledger
    from ops.console.desk import Desk
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor


def listed(page: str) -> list[str]:
    """Return the ids of the letters on a page."""
    return re.findall(r'name="id" value="([^"]+)"', page)


@pytest.fixture
def letters(book: Book) -> dict[str, list[str]]:
    """Letters of every lane, two routes and three reasons."""
    page = CohortPage("members", "activation", "5167408", [{"email": email(9)}], NOON_MS)
    return {
        "rejected": book.bury(1, 2),
        "ambiguous": book.bury(3, reason="ambiguous", status=None),
        "churned": book.bury(4, route="churned", study="st_churn"),
        "inbox": [book.accept("page-1", page, dead=True)],
        "writes": [book.write("iv-1", "user_1", dead=True)],
    }


def test_no_dead_letters_is_good_news(visitor: Visitor) -> None:
    page = visitor.get("/dead-letters").text
    assert "No dead letters. Whatever was accepted is done or on its way." in page
    assert "Replay" not in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["rejected", "ambiguous", "churned", "inbox", "writes"]),
        ("lane=invitations", ["rejected", "ambiguous", "churned"]),
        ("lane=inbox", ["inbox"]),
        ("route=churned", ["churned"]),
        ("reason=ambiguous", ["ambiguous"]),
        ("reason=rejected&lane=writes", ["writes"]),
        ("reason=rejected&lane=invitations&route=activation&since=1h", ["rejected"]),
        ("since=2026-05-29T11:00Z", ["rejected", "ambiguous", "churned", "inbox", "writes"]),
        ("since=2126-05-29", []),
    ],
)
def test_letters_are_chosen_by_lane_route_reason_and_time(
    visitor: Visitor,
    letters: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    expected: list[str],
) -> None:
    monkeypatch.setattr("ops.parameters.time", SimpleNamespace(time=lambda: NOON_MS / 1000))
    page = visitor.get(f"/dead-letters?{query}").text
    chosen = sorted(one for name in expected for one in letters[name])
    assert sorted(listed(page)) == chosen
    n = len(chosen)
    told = f"{n} dead letter{'' if n == 1 else 's'}" if n else "No dead letter matches."
    assert told in visible(page)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "is neither like 1h or 7d"),
        ("lane=outbox", "There is no lane &#39;outbox&#39;."),
    ],
)
def test_a_filter_that_cannot_be_read_is_named_and_left_out(
    visitor: Visitor, letters: dict[str, list[str]], query: str, told: str
) -> None:
    page = visitor.get(f"/dead-letters?{query}").text
    assert told in page
    assert len(listed(page)) == sum(map(len, letters.values()))


def test_the_filters_stay_chosen(visitor: Visitor, letters: dict[str, list[str]]) -> None:
    page = visitor.get("/dead-letters?lane=writes&reason=gone_since&since=2026-01-01").text
    assert '<option value="writes" selected>' in page
    assert "<option selected>gone_since</option>" in page
    assert 'value="2026-01-01" selected>since 2026-01-01' in page
    assert "Show all" in page
    del letters


def test_a_row_says_when_where_and_why(visitor: Visitor, book: Book) -> None:
    book.bury(1)
    row = visible(visitor.get("/dead-letters").text)
    assert "2026-05-29 12:00:00 invitations activation rejected HTTP 422 bad 1" in row


def test_a_long_list_has_pages(visitor: Visitor, book: Book) -> None:
    book.bury(*range(120))
    pages = [visitor.get(f"/dead-letters?page={n}").text for n in (1, 2, 3, 4)]
    assert [len(listed(page)) for page in pages] == [50, 50, 20, 0]
    assert len({one for page in pages for one in listed(page)}) == 120
    assert f"1{DASH}50 of 120 Older" in visible(pages[0])
    assert f"Newer 101{DASH}120 of 120" in visible(pages[2])
    assert "No dead letter matches." in pages[3]


def test_a_filtered_list_counts_no_further_than_it_has_to(
    visitor: Visitor, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.bury(*range(60))
    book.bury(*range(60, 90), reason="exhausted")
    monkeypatch.setattr(search, "STEP", 10)
    page = visible(visitor.get("/dead-letters?reason=rejected&page=2").text)
    assert f"51{DASH}60 of 60" in page
    monkeypatch.setattr(search, "MOST_LOOKED_AT", 80)
    page = visible(visitor.get("/dead-letters?route=activation").text)
    assert "More than 80 dead letters" in page
    assert f"1{DASH}50 of more than 80 Older" in page
    assert "Replay all …" in page


def test_results_are_read_for_their_route_up_to_a_limit(
    visitor: Visitor, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        book.write(f"iv-{n}", f"user_{n}", dead=True)
    query = "/dead-letters?lane=writes&route=activation"
    assert "5 dead letters" in visible(visitor.get(query).text)
    monkeypatch.setattr(search, "MOST_READ", 3)
    assert "More than 3 dead letters" in visible(visitor.get(query).text)


def test_a_letter_that_is_replayed_while_the_list_is_made_is_left_out(
    visitor: Visitor, book: Book, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = book.bury(1, 2)
    get = desk.dead_letters.get
    monkeypatch.setattr(desk.dead_letters, "get", lambda one: None if one == ids[0] else get(one))
    assert listed(visitor.get("/dead-letters").text) == ids[1:]


def test_a_quoted_error_is_not_taken_for_a_reason(visitor: Visitor, ledger: Ledger) -> None:
    lane = invitations("activation")
    ledger.invite(lane, "studyhsh", [("h" * 11, "", b"{}", "")])
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    told = 'HTTP 422 {"reason":"bug","route":"other"}'
    ledger.bury(lane, [(claim.key, claim.token, "rejected", 422, told)])
    for query, n in (("reason=bug", 0), ("route=other", 0), ("reason=rejected", 1)):
        assert len(listed(visitor.get(f"/dead-letters?{query}").text)) == n, query


def test_a_letter_tells_its_story(visitor: Visitor, ledger: Ledger, book: Book) -> None:
    (key,) = [one.partition(":")[2] for one in book.bury(1)]
    ledger.revive(invitations("activation"), [key])
    (claim,), _ = ledger.claim(invitations("activation"), most=1, lease_ms=LEASE_MS)
    gone = [(claim.key, claim.token, "exhausted", 503, "HTTP 503")]
    ledger.bury(invitations("activation"), gone)
    page = visible(
        visitor.get("/dead-letters/letter", query_string={"id": f"invitations:{key}"}).text
    )
    assert "Reason exhausted Error HTTP 503 Status 503 Attempts 1" in page
    story = page.partition("Story")[2]
    assert f"12:00:00 dead 422 HTTP 422 bad {DASH} 2026-05-29 12:00:00 replayed {DASH}" in story
    assert "dead 503 HTTP 503" in story


def test_a_payload_is_masked_until_it_is_revealed_which_is_noted(
    visitor: Visitor, book: Book, desk: Desk
) -> None:
    (letter_id,) = book.bury(1)
    page = visitor.get("/dead-letters/letter", query_string={"id": letter_id}).text
    assert email(1) not in page
    assert "***" in page
    assert desk.audit.read(0, 9)[1] == 0
    revealed = visitor.post("/dead-letters/reveal", id=letter_id).text
    assert email(1) in revealed
    assert "Person 1" in revealed
    (note,), _ = desk.audit.read(0, 9)
    assert (note.who, note.what, note.on) == ("ada", "reveal payload", letter_id)


def test_a_script_in_a_name_is_text(visitor: Visitor, ledger: Ledger) -> None:
    lane = invitations("activation")
    nasty = Invitation("id", "a@example.com", "</pre><script>alert(1)</script>")
    ledger.invite(lane, "studyhsh", [("h" * 11, "", nasty.encode(), "")])
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    ledger.bury(lane, [(claim.key, claim.token, "rejected", 422, "<b>no</b>")])
    revealed = visitor.post("/dead-letters/reveal", id=f"invitations:{claim.key}").text
    assert "<script>alert" not in revealed
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in revealed
    assert "&lt;b&gt;no&lt;/b&gt;" in visitor.get("/dead-letters").text


@pytest.mark.parametrize(
    ("letter_id", "why"),
    [("writes:nobody", "no such entry"), ("x", "not an id"), ("writes:iv-1", "is done, not dead")],
)
def test_what_is_no_dead_letter_is_404_and_says_what_it_is(
    visitor: Visitor, ledger: Ledger, book: Book, letter_id: str, why: str
) -> None:
    book.write("iv-1", "user_1")
    (claim,), _ = ledger.claim(WRITES, most=1, lease_ms=LEASE_MS)
    ledger.complete(WRITES, [(claim.key, claim.token, b"", {})])
    answer = visitor.get("/dead-letters/letter", query_string={"id": letter_id})
    assert answer.status_code == 404
    assert why in answer.text
    assert visitor.post("/dead-letters/reveal", id=letter_id).status_code == 404


def test_a_letter_of_a_lost_route_cannot_be_replayed(visitor: Visitor, book: Book) -> None:
    (letter_id,) = book.bury(1, route="old", study="st_old")
    page = visitor.get("/dead-letters/letter", query_string={"id": letter_id}).text
    assert "It cannot be replayed: its route" in page
    assert 'value="replay"' not in page
    assert 'value="drop"' in page


def test_a_start_in_doubt_warns_before_it_is_replayed(visitor: Visitor, book: Book) -> None:
    (letter_id,) = book.bury(1, reason="ambiguous", status=None)
    page = visitor.get("/dead-letters/letter", query_string={"id": letter_id}).text
    assert "may have been started already" in page
    assert "Status no answer" in visible(page)
