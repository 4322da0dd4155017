"""Bars and tables: drawn where somebody can see them, plain everywhere else."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ops.output import bar, progress, working
from ops.tables import Bad, Share, add_row, draw, make_table

if TYPE_CHECKING:
    from collections.abc import Callable


class Screen(io.StringIO):
    """A stream that somebody looks at, or nobody does."""

    def __init__(self, *, seen: bool) -> None:
        super().__init__()
        self.seen = seen

    def isatty(self) -> bool:
        return self.seen


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Screen]:
    """Replace stderr from now on (while a test is set up, pytest has its own there)."""

    def replace(*, seen: bool) -> Screen:
        monkeypatch.setenv("TERM", "xterm")
        made = Screen(seen=seen)
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return replace


def test_steps_pass_through_under_a_bar(stderr: Callable[..., Screen]) -> None:
    terminal = stderr(seen=True)
    assert list(progress(iter("abc"), "Replaying", 3, quiet=False)) == ["a", "b", "c"]
    assert "Replaying" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_bar_learns_its_end_later(stderr: Callable[..., Screen]) -> None:
    terminal = stderr(seen=True)
    with bar("Fetching pages", quiet=False) as show:
        show(1, None)
        show(1, 2)
    assert " 50%" in terminal.getvalue()


def test_it_is_said_what_takes_so_long(stderr: Callable[..., Screen]) -> None:
    terminal = stderr(seen=True)
    with working("Looking through the ledger", quiet=False):
        pass
    assert "Looking through the ledger" in terminal.getvalue()


@pytest.mark.parametrize(("seen", "quiet"), [(True, True), (False, False)])
def test_programs_get_no_bars(
    stderr: Callable[..., Screen],
    seen: bool,  # noqa: FBT001 - a parameter of the test
    quiet: bool,  # noqa: FBT001
) -> None:
    file = stderr(seen=seen)
    with bar("Fetching", quiet=quiet) as show, working("Looking", quiet=quiet):
        show(1, 2)
    assert list(progress([1], "Replaying", 1, quiet=quiet)) == [1]
    assert file.getvalue() == ""


ROW = (
    "invitations:Yx3k9Q0aBcD.t5Zr8LmN",
    "activation-dropoffs",
    12_345,
    Share(1, 4),
    Bad("NOT OK"),
)


def table() -> Any:
    columns = ("id", "route", "n", "so far", "")
    made = make_table("Letters", *columns, numbers=("n",), whole=("id",), spare=("route",))
    add_row(made, *ROW)
    add_row(made, "b", None, 1, Share(0, 0), "[ok]")
    return made


def test_a_file_gets_plain_columns_that_line_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = Screen(seen=False)
    monkeypatch.setattr(sys, "stdout", file)
    draw(table(), "[done]")
    title, heads, rule, first, second, _, line = file.getvalue().splitlines()
    assert (title, line) == ("Letters", "[done]")
    assert heads.split() == ["id", "route", "n", "so", "far"]
    assert set(rule) == {"-", " "}
    assert first.split() == [*ROW[:2], "12,345", "25", "%", "NOT", "OK"]
    assert first.index("12,345") + 5 == second.index(" 1 ") + 1
    assert second.endswith("[ok]")


@pytest.mark.parametrize(("width", "with_route"), [(120, True), (70, False)])
def test_a_terminal_gets_whole_ids_and_what_else_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    with_route: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    terminal = Screen(seen=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    draw(table(), "[done]")
    shown = terminal.getvalue()
    assert ROW[0] in shown
    assert "12,345" in shown
    assert "[ok]" in shown
    assert "[done]" in shown
    assert ("activation-dropoffs" in shown) == with_route
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines())) <= width
