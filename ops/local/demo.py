"""`make demo`: the whole loop on this machine, with real processes and made-up people."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table

from ops.local.local_bridge import LocalBridge
from ops.local.progress import Progress, arrived, read_progress
from ops.local.sample_members import sample_members

MEMBERS = 25
TIMEOUT_SECONDS = 50.0
ROUTE = "demo"
THEME_CHARS = 21  # so that a line of 80 has room for all
SHOWN = {
    "distinct_id": "user",
    "theme_top_1": "theme_top_1",
    "theme_top_2": "theme_top_2",
    "sentiment": "sentiment",
    "quality_score": "quality",
    "plan": "plan",
}
NEXT = """\
[bold]Next, with your own accounts:[/]
  1. cp .env.example .env and fill in the four required values
  2. cp routes.example.toml routes.toml and name your cohort and your study
  3. make run, then in a second terminal: .venv/bin/python -m ops doctor
  README.md, "Going live", has every step.
"""


def main() -> int:
    """Run the demo; returns 0 if every member came through."""
    console = Console()
    console.print("[bold]Mixpanel → Koji → Mixpanel[/], on this machine, with made-up people\n")
    started_at = time.monotonic()
    with TemporaryDirectory(prefix="bridge-demo-") as folder:
        local = LocalBridge(Path(folder), sandbox_options={"interview_delay_seconds": 1, "seed": 7})
        with console.status("starting Redis, sandbox, ingress, workers and beat …"):
            local.start()
        try:
            return _show(console, local, started_at)
        finally:
            with console.status("stopping everything …"):
                local.stop()


def _show(console: Console, local: LocalBridge, started_at: float) -> int:
    answer = local.send_cohort(sample_members(MEMBERS))
    console.print(
        f"Mixpanel sent a cohort of {MEMBERS} members: HTTP {answer.status_code} {answer.json()}"
    )
    progress = _watch(console, local)
    events, koji = arrived(local.sandbox)
    console.print(_table(events))
    problems = find_problems(progress, events, koji)
    for problem in problems:
        console.print(f"[bold red]✗ {problem}[/]")
    if problems:
        for name in ("ingress", "worker-inbox", "worker-koji", "worker-mixpanel"):
            lines = local.supervised.log(name).splitlines() if local.supervised else []
            console.print(f"[dim]{name}:[/]", *lines[-5:], sep="\n  ", markup=False)
        return 1
    console.print(
        f"[green]✓[/] {progress.started} of {MEMBERS} members started once, "
        f"{progress.completed} interviews analysed, {progress.written} written to Mixpanel, "
        f"{progress.skipped} left out for low quality, nothing pending "
        f"({time.monotonic() - started_at:.0f} s)\n"
    )
    console.print(NEXT)
    return 0


def _watch(console: Console, local: LocalBridge) -> Progress:
    """Show the steps live until all is through or time is up."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with local.redis() as redis, Live(console=console, refresh_per_second=8) as live:
        while True:
            progress = read_progress(redis, ROUTE)
            live.update(_steps(progress))
            done = progress.completed == MEMBERS and progress.owed == 0
            if done or time.monotonic() > deadline:
                return progress
            time.sleep(0.1)


def _steps(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, n in (
        ("started on Koji", progress.started),
        ("interview analysed", progress.completed),
        ("written to Mixpanel", progress.written),
        ("left out (quality under 3)", progress.skipped),
    ):
        table.add_row(name, f"[cyan]{'█' * n}[/][dim]{'░' * (MEMBERS - n)}[/]", f"{n:>2}")
    return table


def find_problems(
    progress: Progress, events: list[dict[str, Any]], koji: dict[str, Any]
) -> list[str]:
    """Return what went wrong, in words; empty if every member came through once."""
    problems = []
    if koji["started"] != MEMBERS or koji["double_started"]:
        problems.append(
            f"Koji counts {koji['started']} starts, {koji['double_started']} people twice"
        )
    if progress.completed != MEMBERS:
        problems.append(f"{MEMBERS - progress.completed} interviews did not come back")
    if len(events) != progress.completed - progress.skipped:
        problems.append(
            f"Mixpanel has {len(events)} events, expected {progress.completed - progress.skipped}"
        )
    if progress.owed or progress.dead:
        problems.append(f"{progress.owed} entries are still owed, {progress.dead} are dead letters")
    return problems


def _table(events: list[dict[str, Any]]) -> Table:
    table = Table(
        title="\nKoji Interview Completed, as it stands in Mixpanel",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    rows = sorted([str(event["properties"].get(name, "")) for name in SHOWN] for event in events)
    for number, (name, heading) in enumerate(SHOWN.items()):
        # Where a line is short, a theme is cut; who it was and what came of it is not.
        widths = [len(heading), *(len(row[number]) for row in rows)]
        is_theme = name.startswith("theme")
        table.add_column(
            heading,
            no_wrap=True,
            min_width=None if is_theme else max(widths),
            max_width=THEME_CHARS if is_theme else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    sys.exit(main())
