"""The list of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.changes import KEPT, KEY
from ops.console.texts import DASH
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from ops.console.desk import Desk
    from tests.unit.ops.console.conftest import Visitor, WallClock


def test_before_the_first_change_the_page_says_so(visitor: Visitor) -> None:
    assert "Nothing was changed yet." in visitor.get("/audit").text


def test_a_change_is_listed_with_who_what_and_when(visitor: Visitor) -> None:
    visitor.post("/routes/pause", route="activation", reason="a secret reason")
    page = visible(visitor.get("/audit").text)
    assert "2026-05-29 12:00:00 ada pause activation" in page
    assert "secret" not in page


def test_only_the_last_thousand_are_kept(desk: Desk, wall: WallClock) -> None:
    for n in range(KEPT + 5):
        wall.now += 1
        desk.audit.note("ada", "pause", f"route-{n}")
    assert desk.redis.llen(KEY) == KEPT
    notes, total = desk.audit.read(0, 2)
    assert total == KEPT
    assert [note.on for note in notes] == [f"route-{KEPT + 4}", f"route-{KEPT + 3}"]


def test_the_list_has_pages(visitor: Visitor, desk: Desk) -> None:
    for n in range(150):
        desk.audit.note("ada", "resume", f"route-{n}", letters=n)
    first = visible(visitor.get("/audit").text)
    assert "route-149 letters 149" in first
    assert f"1{DASH}100 of 150 Older" in first
    second = visible(visitor.get("/audit?page=2").text)
    assert "route-0 " in second
    assert f"Newer 101{DASH}150 of 150" in second
    for odd in ("0", "-1", "x", "9" * 30):
        assert visitor.get(f"/audit?page={odd}").status_code == 200
