"""results.md: what was compared, on what machine, how often, with which outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.columns import behind, table, told_of_fewer_runs
from benchmarks.conditions import conditions
from benchmarks.contenders import LABELS, SETUPS
from benchmarks.plot import PLOT
from benchmarks.registry import MEASURES, SCENARIOS
from benchmarks.store import OWN
from benchmarks.summary import middle, span, write

if TYPE_CHECKING:
    from benchmarks.sizes import Sizes
    from benchmarks.store import Store

INTRODUCTION = """\
Written by `python -m benchmarks`: every figure is measured, none is quoted. All run on one machine
against the same kind of local Koji, each with a Redis of its own (append-only file, fsync always).
Medians; how often each was run stands beside it, and a span shows the least and the greatest."""
NOT_SHOWN = {"starts", "ideal_seconds"}


def render(store: Store, sizes: Sizes, *, quick: bool) -> str:
    """Return the whole document."""
    parts = ["# Benchmarks", "", *_introduction(store, quick=quick), ""]
    headings, rows = table(store)
    if rows:
        parts += ["## Side by side", "", *markdown_table(headings, rows), "", behind(store), ""]
        parts += [told, ""] if (told := told_of_fewer_runs(store)) else []
        parts += [f"![Starts per second over time, for each contender]({PLOT})", ""]
        parts += ["| | how it is set up |", "|---|---|"]
        parts += [f"| {LABELS[name]} | {setup} |" for name, setup in SETUPS.items()]
        parts += ["", *conditions(sizes), ""]
    for what in SCENARIOS:
        if store.runs.get(what) or store.errors.get(what):
            parts += [*_scenario(store, what), ""]
    if any(store.runs.get(what) or store.errors.get(what) for what in MEASURES):
        parts += ["## The bridge alone", ""]
    for what in MEASURES:
        if store.runs.get(what) or store.errors.get(what):
            parts += [*_measure(store, what), ""]
    return "\n".join(parts)


def markdown_table(headings: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _introduction(store: Store, *, quick: bool) -> list[str]:
    lines = [INTRODUCTION, ""]
    if quick:
        lines += ["**A smoke run with tiny sizes: these figures compare nothing.**", ""]
    return lines + [f"- {name}: {value}" for name, value in store.machine.items()]


def _scenario(store: Store, what: str) -> list[str]:
    runs = store.runs.get(what, {})
    keys = list(
        dict.fromkeys(
            key for found in runs.values() for run in found for key in run if key not in NOT_SHOWN
        )
    )
    most = max(map(len, runs.values()), default=0)
    rows = [
        [_label(who, len(runs[who]), most), *(_cell(store, what, who, key) for key in keys)]
        for who in LABELS
        if who in runs
    ]
    lines = [f"### {SCENARIOS[what].title}", "", f"Measured {store.measured[what]}.", ""]
    lines += markdown_table(["", *(key.replace("_", " ") for key in keys)], rows)
    for who, reason in store.errors.get(what, {}).items():
        lines += ["", f"{LABELS[who]}: {reason}"]
    return lines


def _label(who: str, runs: int, most: int) -> str:
    fewer = "" if runs == most else f" ({runs} run{'s' if runs > 1 else ''})"
    return f"{LABELS[who]}{fewer}"


def _cell(store: Store, what: str, who: str, key: str) -> str:
    values = store.values(what, who, key)
    value = write(middle(values))
    return value if len(set(values)) < 2 else f"{value} ({span(values)})"


def _measure(store: Store, what: str) -> list[str]:
    measure = MEASURES[what]
    runs = len(store.runs.get(what, {}).get(OWN, []))
    times = "once" if runs == 1 else f"{runs} times"
    lines = [f"### {measure.title}", "", f"Measured {times}, {store.measured[what]}.", ""]
    rows = []
    for row in measure.rows:
        values = store.values(what, OWN, row.key)
        if any(value is not None for value in values):
            verdict = row.verdict(middle(values))
            rows.append([row.text, _cell(store, what, OWN, row.key), row.unit, verdict])
    lines += markdown_table(["", "figure", "unit", "goal"], rows)
    for reason in store.errors.get(what, {}).values():
        lines += ["", f"Not measured: {reason}"]
    return lines
