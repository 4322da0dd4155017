"""What commands print: JSON or tables on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import RenderableType

T = TypeVar("T")
# Wide enough that nothing is cut when the output goes to a file or another program.
WIDTH_OF_A_FILE = 200


def print_json(data: Any) -> None:
    """Print JSON on stdout."""
    click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def make_console() -> Console:
    """Return a console that takes text as it is: a reason in brackets is no markup."""
    width = None if sys.stdout.isatty() else WIDTH_OF_A_FILE
    return Console(markup=False, emoji=False, highlight=False, width=width)


def make_table(title: str, *columns: str, numbers: Iterable[str] = ()) -> Table:
    """Return a table whose `numbers` columns stand on the right."""
    table = Table(title=title or None, title_justify="left", title_style="bold")
    right = set(numbers)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def add_row(table: Table, *cells: Any) -> None:
    """Add a row; None is an empty cell, numbers get thousands separators."""
    table.add_row(*(_cell(cell) for cell in cells))


def _cell(value: Any) -> RenderableType:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if hasattr(value, "__rich_console__") else str(value)


def note(text: str) -> None:
    """Print a line on stderr."""
    click.echo(text, err=True)


def progress(steps: Iterable[T], what: str, total: int, *, quiet: bool) -> Iterator[T]:
    """Pass steps on, with a progress bar on stderr where somebody can see it."""
    console = Console(stderr=True)
    shown = console.is_terminal and not quiet
    yield from track(
        steps, description=what, total=total, console=console, disable=not shown, transient=True
    )


@contextmanager
def bar(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar where somebody can see it; yields what to call with the amount done."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=quiet or not console.is_terminal
    ) as all_:
        task = all_.add_task(what, total=total)
        yield lambda done: all_.update(task, completed=done)


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show that something is going on, where somebody can see it."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def duration(seconds: float | None) -> str:
    """Return a length of time as people say it."""
    if seconds is None:
        return "-"
    for unit, size, smaller, part in (
        ("d", 86_400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if seconds >= size:
            whole, rest = divmod(round(seconds), size)
            return f"{whole} {unit} {rest // part} {smaller}"
    return f"{round(seconds)} s"
