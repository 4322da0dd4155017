"""starts_per_second.svg: a row a contender, a column a scenario, starts a second over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import LABELS, OURS
from benchmarks.svg import HEAD, box, line, text
from benchmarks.trial import per_bin

if TYPE_CHECKING:
    from benchmarks.sizes import Sizes
    from benchmarks.store import Store

PLOT = "starts_per_second.svg"
LEFT, TOP, WIDE, HIGH, GAP_X, GAP_Y = 190, 96, 300, 64, 46, 26
BINS = 60
GREATEST_SHARE = 2.0  # of the limit; bursts above are cut off and marked
OUR_COLOUR, THEIR_COLOUR, LIMIT_COLOUR, TROUBLE_COLOUR = "#0b7a4b", "#5b7fa6", "#444", "#c0392b"


@dataclass(frozen=True)
class Panel:
    """A column: which scenario, its limit a second, how a cell is captioned."""

    what: str
    title: str
    per_second: float
    until: float


def draw(store: Store, sizes: Sizes) -> str:
    """Return the plot of the first repetition of each scenario."""
    panels = [panel for panel in _panels(store, sizes) if panel.until > 0]
    names = [name for name in LABELS if any(_run(store, p.what, name) for p in panels)]
    width = LEFT + len(panels) * (WIDE + GAP_X)
    height = TOP + len(names) * (HIGH + GAP_Y) + 60
    parts = [
        HEAD.format(width=width, height=height),
        text(16, 26, "Interviews started per second, over time", size=18, weight="bold"),
    ]
    for column, panel in enumerate(panels):
        x = LEFT + column * (WIDE + GAP_X)
        parts.append(text(x, TOP - 30, panel.title, weight="bold"))
        for row, name in enumerate(names):
            y = TOP + row * (HIGH + GAP_Y)
            if column == 0:
                weight = "bold" if name == OURS else "normal"
                parts.append(text(LEFT - 40, y + HIGH / 2, LABELS[name], "end", weight=weight))
            parts += _cell(_run(store, panel.what, name), panel, name, x, y)
        bottom = TOP + len(names) * (HIGH + GAP_Y) + 4
        parts.append(text(x + WIDE, bottom, f"{panel.until:.0f} s", "end"))
        parts.append(text(x + WIDE / 2, bottom, f"{panel.until / 2:.0f} s", "middle"))
        parts.append(text(x, bottom, "0 s"))
    parts += _legend(height - 24)
    return "\n".join([*parts, "</svg>", ""])


def _panels(store: Store, sizes: Sizes) -> list[Panel]:
    found = []
    for what, title, per_minute in (
        ("limited", "At the limit, window used up beforehand", sizes.limited_per_minute),
        ("killed", "kill -9 of one of two workers", sizes.killed_per_minute),
        ("outage", "Koji down as the cohort comes", sizes.outage_per_minute),
    ):
        lasts = [
            run["starts"][-1]
            for runs in store.runs.get(what, {}).values()
            for run in runs[:1]
            if run["starts"]
        ]
        found.append(Panel(what, title, per_minute / 60, max(lasts, default=0) * 1.05))
    return found


def _run(store: Store, what: str, name: str) -> dict[str, Any] | None:
    runs = store.runs.get(what, {}).get(name)
    return runs[0] if runs else None


def _cell(run: dict[str, Any] | None, panel: Panel, name: str, x: float, y: float) -> list[str]:
    top = panel.per_second * GREATEST_SHARE
    floor, limit_y = y + HIGH, y + HIGH * (1 - 1 / GREATEST_SHARE)
    parts = [box(x, y, WIDE, HIGH, "#f4f4f4")]
    if run is None:
        return [*parts, text(x + WIDE / 2, y + HIGH / 2, "not measured", "middle", fill="#999")]
    seconds = WIDE / panel.until
    if ends := run.get("outage_seconds"):
        parts.append(box(x, y, ends * seconds, HIGH, TROUBLE_COLOUR, 0.18))
    bin_seconds = panel.until / BINS
    points, marks = [f"{x},{floor}"], []
    for n, value in enumerate(per_bin(run["starts"], bin_seconds, panel.until)):
        at_y = floor - HIGH * min(value, top) / top
        left = x + min(n * bin_seconds * seconds, WIDE)
        right = x + min((n + 1) * bin_seconds * seconds, WIDE)
        points += [f"{left:.1f},{at_y:.1f}", f"{right:.1f},{at_y:.1f}"]
        if value > top:
            marks.append(text((left + right) / 2, y + 9, "▲", "middle", size=8, fill="white"))
    colour = OUR_COLOUR if name == OURS else THEIR_COLOUR
    parts.append(f'<polygon points="{" ".join(points)} {x + WIDE},{floor}" fill="{colour}"/>')
    parts += marks
    parts.append(line(x, limit_y, x + WIDE, limit_y, LIMIT_COLOUR, "4 3"))
    parts.append(text(x - 4, limit_y + 4, f"{panel.per_second:g}", "end", size=10, fill="#444"))
    if killed := run.get("killed_after"):
        at = x + killed * seconds
        parts.append(line(at, y, at, floor, TROUBLE_COLOUR, ""))
    return [*parts, text(x + WIDE, y - 4, _caption(run), "end", size=11, fill="#222")]


def _caption(run: dict[str, Any]) -> str:
    if "utilisation" in run:
        return f"{run['utilisation']:.2f} of the limit, 429s: {run['refused']}"
    if "failed" in run:
        return f"{run['failed']} given up"
    return f"{run['never']} never, {run['twice']} twice"


def _legend(y: float) -> list[str]:
    parts, x = [], float(LEFT)
    for colour, meaning in (
        (OUR_COLOUR, "the bridge"),
        (THEIR_COLOUR, "the others"),
        (LIMIT_COLOUR, "dashed: Koji's limit"),
        (TROUBLE_COLOUR, "the kill, the outage"),
    ):
        parts += [box(x, y - 10, 12, 12, colour), text(x + 18, y, meaning)]
        x += 60 + 7 * len(meaning)
    parts.append(text(x, y, "▲ a burst beyond twice the limit"))
    return parts
