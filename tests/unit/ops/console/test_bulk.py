"""Replay and drop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from common.ledger import Ledger
    from ops.console.desk import Desk
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor

ACTIVATION = invitations("activation")


def dead(ledger: Ledger) -> int:
    return int(ledger.redis.zcard(INVITATIONS.key("dead")))


def pending(ledger: Ledger) -> int:
    return int(ledger.redis.zcard(ACTIVATION.own_key("pending")))


def hidden(page: str) -> dict[str, list[str]]:
    """Return what a confirmation would send."""
    form = page.partition("/dead-letters/carry-out")[2]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def test_one_letter_is_replayed_at_once_and_noted(
    visitor: Visitor, book: Book, ledger: Ledger, desk: Desk
) -> None:
    letter_id, _ = book.bury(1, 2)
    answer = visitor.post("/dead-letters/carry-out", action="replay", id=letter_id)
    assert "1 dead letter replayed." in answer.text
    assert (dead(ledger), pending(ledger)) == (1, 1)
    (note,), _ = desk.audit.read(0, 9)
    assert (note.what, note.on) == ("replay dead letters", letter_id)
    assert note.details == {"done": 1, "asked": 1}


@pytest.mark.parametrize("action", ["replay", "drop"])
def test_a_selection_is_counted_before_it_is_confirmed(
    visitor: Visitor, book: Book, ledger: Ledger, action: str
) -> None:
    ids = book.bury(1, 2, 3)
    preview = visitor.post("/dead-letters/confirm", action=f"{action}-some", id=ids[:2]).text
    assert f"{action.capitalize()} 2 dead letters?" in preview
    assert "invitations activation rejected 2" in visible(preview)
    assert dead(ledger) == 3, "a preview changes nothing"
    sent = hidden(preview)
    assert sent["id"] == ids[:2]
    done = visitor.post("/dead-letters/carry-out", action=action, **sent)
    assert f"2 dead letters {action}" in done.text
    assert dead(ledger) == 1


def test_all_that_match_are_counted_and_replayed(
    visitor: Visitor, book: Book, ledger: Ledger, desk: Desk
) -> None:
    book.bury(*range(600))
    book.bury(5000, reason="exhausted")
    fields = {"action": "replay-all", "reason": "rejected", "lane": "", "route": "", "since": ""}
    preview = visitor.post("/dead-letters/confirm", **fields).text
    assert "Replay 600 dead letters?" in preview
    sent = hidden(preview)
    assert "id" not in sent
    assert sent["reason"] == ["rejected"]
    done = visitor.post("/dead-letters/carry-out", action="replay-all", rate="", **sent)
    assert "600 dead letters replayed." in done.text
    assert (dead(ledger), pending(ledger)) == (1, 600)
    (note,), _ = desk.audit.read(0, 9)
    assert note.details == {"done": 600, "asked": 600, "reason": "rejected"}


def test_what_dies_after_the_preview_is_not_taken_along(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    book.bury(1)
    sent = hidden(visitor.post("/dead-letters/confirm", action="drop-all").text)
    now = ledger.now_ms()
    ledger._clock_ms = lambda: now + 1000
    (later,) = book.bury(2)
    visitor.post("/dead-letters/carry-out", action="drop-all", **sent)
    assert desk_ids(visitor) == [later]


def desk_ids(visitor: Visitor) -> list[str]:
    return re.findall(r'name="id" value="([^"]+)"', visitor.get("/dead-letters").text)


def test_starts_in_doubt_are_not_replayed_by_all_unless_they_are_meant(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    book.bury(1)
    book.bury(2, 3, reason="ambiguous", status=None)
    preview = visible(visitor.post("/dead-letters/confirm", action="replay-all").text)
    assert "Replay 1 dead letter?" in preview
    assert "These stay 2: the person may have been started already" in preview
    visitor.post("/dead-letters/carry-out", action="replay-all")
    assert dead(ledger) == 2
    meant = {"action": "replay-all", "reason": "ambiguous"}
    assert (
        "2 people among them may have been started"
        in visitor.post("/dead-letters/confirm", **meant).text
    )
    visitor.post("/dead-letters/carry-out", **meant)
    assert dead(ledger) == 0


def test_what_cannot_be_replayed_is_left_and_counted(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    ids = [*book.bury(1, route="old", study="st_old"), "invitations:nobody", *book.bury(2)]
    preview = visible(visitor.post("/dead-letters/confirm", action="replay-some", id=ids).text)
    assert "Replay 1 dead letter?" in preview
    assert "1: its route &#39;old&#39; is not in routes.toml" in preview
    assert "1: no longer a dead letter" in preview
    done = visitor.post("/dead-letters/carry-out", action="replay", id=ids).text
    assert "1 dead letter replayed. 1 letter stayed: its route" in done
    assert dead(ledger) == 1


def test_a_letter_that_somebody_else_replayed_meanwhile_is_counted_as_left(
    visitor: Visitor, book: Book, ledger: Ledger, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (letter_id,) = book.bury(1)
    replay = desk.dead_letters.replay

    def late(letters: object, spacing_ms: float) -> object:
        ledger.revive(ACTIVATION, [letter_id.partition(":")[2]])
        return replay(letters, spacing_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.dead_letters, "replay", late)
    done = visitor.post("/dead-letters/carry-out", action="replay", id=letter_id).text
    assert "0 dead letters replayed. 1 letter stayed: no longer a dead letter." in done


def test_a_pace_spreads_them_out(visitor: Visitor, book: Book, ledger: Ledger) -> None:
    book.bury(1, 2, 3)
    visitor.post("/dead-letters/carry-out", action="replay-all", rate=" 30/minute ")
    due = [
        at for _, at in ledger.redis.zrange(ACTIVATION.own_key("pending"), 0, -1, withscores=True)
    ]
    assert [at - due[0] for at in due] == [0, 2000, 4000]


def test_a_pace_that_cannot_be_read_changes_nothing(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    book.bury(1)
    answer = visitor.post("/dead-letters/carry-out", action="replay-all", rate="fast")
    assert answer.status_code == 400
    assert "&#39;fast&#39; is not a rate such as 60/minute" in answer.text
    assert 'value="fast"' in answer.text
    assert dead(ledger) == 1


@pytest.mark.parametrize("action", ["replay-some", "drop-some", "replay-all"])
def test_nothing_chosen_is_said(visitor: Visitor, action: str) -> None:
    assert "No dead letter was chosen." in visitor.post("/dead-letters/confirm", action=action).text


@pytest.mark.parametrize(
    "fields", [{}, {"action": "burn"}, {"action": "drop-all", "since": "tomorrow"}]
)
def test_a_form_that_makes_no_sense_is_400_and_drops_nothing(
    visitor: Visitor, book: Book, ledger: Ledger, fields: dict[str, str]
) -> None:
    book.bury(1)
    assert visitor.post("/dead-letters/carry-out", **fields).status_code == 400
    assert dead(ledger) == 1


def test_a_drop_forgets_what_the_letter_carried(
    visitor: Visitor, book: Book, ledger: Ledger
) -> None:
    (letter_id,) = book.bury(1)
    preview = visitor.post("/dead-letters/confirm", action="drop", id=letter_id).text
    assert "This cannot be undone." in preview
    assert "Pace" not in preview
    visitor.post("/dead-letters/carry-out", action="drop", **hidden(preview))
    assert ledger.value(INVITATIONS, letter_id.partition(":")[2]) == b""
