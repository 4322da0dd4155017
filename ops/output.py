"""What commands print beside tables: JSON on stdout, everything else on stderr.

rich is only imported where there is something to draw: it takes longer than many a command.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from common.ledger.letters import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def print_json(data: Any) -> None:
    """Print JSON on stdout."""
    click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def note(text: str) -> None:
    """Print a line on stderr."""
    click.echo(text, err=True)


def progress(steps: Iterable[T], what: str, total: int, *, quiet: bool) -> Iterator[T]:
    """Pass steps on, with a progress bar on stderr where somebody can see it."""
    with bar(what, quiet=quiet) as show:
        for done, step in enumerate(steps, start=1):
            yield step
            show(done, total)


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar where somebody can see it.

    Yields what to call with the amount done and the whole, None where that is not known (yet).
    """
    if not _is_watched(quiet=quiet):
        yield _show_nothing
        return
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as all_:
        task = all_.add_task(what, total=None)

        def show(done: int, total: int | None) -> None:
            all_.update(task, completed=done, total=total)

        yield show


def _show_nothing(_done: int, _total: int | None) -> None:
    """Nobody is looking."""


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show that something is going on, where somebody can see it."""
    if not _is_watched(quiet=quiet):
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - see above

    with Console(stderr=True).status(what):
        yield


def _is_watched(*, quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()


def moment(at_ms: float) -> str:
    """Return a moment (Unix ms) to the second, in UTC, as tables have it."""
    return iso(at_ms).replace("T", " ").partition(".")[0] + "Z"


def counted(value: int, thing: str, things: str = "") -> str:
    """Return a number with its noun."""
    return f"{value:,} {thing if value == 1 else things or thing + 's'}"


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
