"""Tables for people: drawn by rich on a terminal, in plain columns for a file or a program.

Plain, nothing is cut or folded, and rich need not be imported, which takes longer than most
commands.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

BAR_WIDTH = 12
GAP = "  "
FOLDED = 24


@dataclass(frozen=True)
class Share:
    """A cell: how much of the whole is done."""

    done: int
    whole: int

    def __str__(self) -> str:
        """Return it in percent."""
        return f"{100 * self.done // (self.whole or 1)} %"


@dataclass(frozen=True)
class Bad:
    """A cell that should catch the eye."""

    text: str

    def __str__(self) -> str:
        """Return the text, which says it without a colour."""
        return self.text


@dataclass
class Table:
    """Rows under named columns.

    Those in `numbers` stand on the right. They and those in `whole` are never broken: somebody will
    copy an id. Those in `spare` are left out, from the first, where the terminal is too narrow.
    """

    title: str
    columns: tuple[str, ...]
    numbers: frozenset[str]
    whole: frozenset[str]
    spare: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def without(self, name: str) -> Table:
        """Return the table without a column."""
        gone = self.columns.index(name)
        columns, *rows = ((*row[:gone], *row[gone + 1 :]) for row in ((*self.columns,), *self.rows))
        return replace(self, columns=columns, rows=rows)

    def texts(self) -> list[tuple[str, ...]]:
        """Return headings and rows as plain texts."""
        return [self.columns, *(tuple(map(_text, row)) for row in self.rows)]

    def least(self) -> int:
        """Return how many characters it needs, if texts may be folded to a few words a line."""
        named = zip(self.columns, self.widths(), strict=True)
        widths = [width if name in self.whole else min(width, FOLDED) for name, width in named]
        return sum(widths) + len(GAP) * len(widths)

    def widths(self) -> list[int]:
        """Return how many characters each column needs."""
        return [max(map(len, column)) for column in zip(*self.texts(), strict=True)]


def make_table(
    title: str,
    *columns: str,
    numbers: Iterable[str] = (),
    whole: Iterable[str] = (),
    spare: Iterable[str] = (),
) -> Table:
    """Return a table without rows."""
    return Table(title, columns, frozenset(numbers), frozenset([*numbers, *whole]), tuple(spare))


def add_row(table: Table, *cells: Any) -> None:
    """Add a row; None is an empty cell, numbers get thousands separators."""
    table.rows.append(cells)


def draw(*what: Table | str) -> None:
    """Print tables and lines on stdout, as they are: a reason in brackets is no markup."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - see above

        console = Console(markup=False, emoji=False, highlight=False)
        for one in what:
            console.print(_drawn(one, console.width) if isinstance(one, Table) else one)
        return
    for one in what:
        click.echo("\n".join(_lines(one)) if isinstance(one, Table) else one)


def _drawn(table: Table, width: int) -> RenderableType:
    from rich import box  # noqa: PLC0415 - see above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table as Drawing  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    def cell(value: Any) -> RenderableType:
        if isinstance(value, Share):
            return ProgressBar(total=value.whole or 1, completed=value.done, width=BAR_WIDTH)
        return Text(value.text, style="red") if isinstance(value, Bad) else _text(value)

    for name in table.spare:
        if table.least() > width:
            table = table.without(name)
    drawing = Drawing(title=table.title or None, title_justify="left", title_style="bold")
    drawing.box, drawing.padding, drawing.pad_edge = box.SIMPLE_HEAD, (0, 1, 0, 0), False
    for name, cells in zip(table.columns, zip(*table.texts(), strict=True), strict=True):
        longest = max(map(len, [*name.split(), *cells[1:]])) if name in table.whole else None
        side: Any = "right" if name in table.numbers else "left"
        drawing.add_column(name, justify=side, overflow="fold", min_width=longest)
    for row in table.rows:
        drawing.add_row(*map(cell, row))
    return drawing


def _lines(table: Table) -> list[str]:
    widths = table.widths()
    right = [column in table.numbers for column in table.columns]
    lines = []
    for row in table.texts():
        cells = zip(row, widths, right, strict=True)
        aligned = (text.rjust(width) if on else text.ljust(width) for text, width, on in cells)
        lines.append(GAP.join(aligned).rstrip())
    lines.insert(1, GAP.join("-" * width for width in widths))
    return [table.title, *lines, ""] if table.title else [*lines, ""]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
