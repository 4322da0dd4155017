"""The part of docs/performance.md that tells how the bridge scales, and its curve."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.markdown import markdown_table
from benchmarks.own.scaling import MEASURE, WORKERS
from benchmarks.places import ROOT
from benchmarks.store import OWN
from benchmarks.summary import middle, write
from benchmarks.svg import HEAD, line, text

if TYPE_CHECKING:
    from benchmarks.store import Store

PAGE = ROOT / "docs" / "performance.md"
CURVE = ROOT / "docs" / "images" / "scaling.svg"
BEGIN, END = "<!-- scaling:begin -->", "<!-- scaling:end -->"
WIDE, HIGH, LEFT, TOP = 640, 260, 70, 50
PACE_COLOUR, REDIS_COLOUR, LIMIT_COLOUR = "#0b7a4b", "#5b7fa6", "#444"
LIMIT, PERCENT = 6000, 100
COLUMNS = ("per_minute", "refused", "gap_p99_ms", "scripts", "commands", "redis_percent")


def show_scaling(store: Store) -> None:
    """Write table and curve where the last pass has figures; else leave the page as it is."""
    if not store.runs.get(MEASURE.name):
        return
    CURVE.write_text(curve(store), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    part = f"{BEGIN}\n{section(store)}\n{END}"
    page = re.sub(f"{BEGIN}.*{END}", lambda _: part, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def figure(store: Store, key: str) -> float | None:
    """Return the middle of all passes."""
    return middle(store.values(MEASURE.name, OWN, key))


def section(store: Store) -> str:
    """Return the text between the marks."""
    headings = [
        *("workers", "starts a minute", "429s", "between two starts, p99, ms"),
        *("scripts a second", "commands a second", "Redis, % of a processor"),
    ]
    rows = [
        [str(n), *(write(figure(store, f"{n}_{column}")) for column in COLUMNS)]
        for n in WORKERS
        if figure(store, f"{n}_per_minute") is not None
    ]
    named = ("processor", "memory", "redis")
    told = "; ".join(f"{name}: {store.machine[name]}" for name in named if name in store.machine)
    written = write(figure(store, "results_per_second"))
    scripts = write(figure(store, "results_scripts"))
    percent = write(figure(store, "results_redis_percent"))
    how = (
        f"Measured {store.measured[MEASURE.name]}, all on one machine ({told}). More workers than "
        "processors cannot show more work done; they show that the fleet keeps one pace, and what "
        "each further process costs Redis."
    )
    shown = "Starts a minute and the share of a processor that Redis used, by worker processes"
    results = (
        f"Results: {written} a second by one worker, with {scripts} scripts a second and Redis at "
        f"{percent} % of a processor."
    )
    table = markdown_table(headings, rows)
    return "\n".join([how, "", f"![{shown}](images/scaling.svg)", "", *table, "", results])


def curve(store: Store) -> str:
    """Return starts a minute and the share of Redis over the number of workers."""
    parts = [
        HEAD.format(width=LEFT + WIDE + 70, height=TOP + HIGH + 60),
        text(LEFT, 24, "Worker processes at a limit of 6,000 starts a minute", weight="bold"),
        text(LEFT, 42, "starts a minute (left)", fill=PACE_COLOUR),
        text(LEFT + WIDE, 42, "Redis, % of a processor (right)", "end", fill=REDIS_COLOUR),
        line(LEFT, _y(LIMIT, LIMIT), LEFT + WIDE, _y(LIMIT, LIMIT), LIMIT_COLOUR, "4 4"),
        line(LEFT, _y(0, LIMIT), LEFT + WIDE, _y(0, LIMIT), LIMIT_COLOUR, ""),
    ]
    for share in (0, 0.5, 1):
        y = _y(share, 1)
        parts.append(text(LEFT - 8, y + 4, f"{share * LIMIT:,.0f}", "end"))
        parts.append(text(LEFT + WIDE + 8, y + 4, f"{share * PERCENT:.0f} %"))
    parts += [text(_x(n), TOP + HIGH + 24, str(n), "middle") for n in WORKERS]
    for key, most, colour in (
        ("per_minute", LIMIT, PACE_COLOUR),
        ("redis_percent", PERCENT, REDIS_COLOUR),
    ):
        known = [(n, v) for n in WORKERS if (v := figure(store, f"{n}_{key}")) is not None]
        points = [(_x(n), _y(value, most)) for n, value in known]
        parts += [line(*a, *b, colour, "") for a, b in pairwise(points)]
        parts += [text(x, y + 4, "●", "middle", size=10, fill=colour) for x, y in points]
    return "\n".join([*parts, "</svg>\n"])


def _x(workers: int) -> float:
    return LEFT + 30 + (WIDE - 60) * WORKERS.index(workers) / (len(WORKERS) - 1)


def _y(value: float, most: float) -> float:
    return TOP + HIGH - HIGH * min(value / most, 1) * 0.95
