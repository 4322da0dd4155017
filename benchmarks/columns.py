"""The columns of the comparison, and where the bridge is behind by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contenders import LABELS, OURS
from benchmarks.summary import NOTHING, middle, span, worst, write

if TYPE_CHECKING:
    from benchmarks.store import Store


@dataclass(frozen=True)
class Column:
    """One figure of one scenario; `counts` are shown as a span and judged by the worst run.

    `ideal` is the key of the figure that could not be better, shown beside it.
    """

    what: str
    key: str
    title: str
    more_is_better: bool = False
    counts: bool = False
    without: str = NOTHING
    ideal: str = ""
    tolerance: float = 0.03

    def value(self, store: Store, who: str) -> float | None:
        """Return what a contender is judged by."""
        values = store.values(self.what, who, self.key)
        return worst(values) if self.counts else middle(values)

    def text(self, store: Store, who: str) -> str:
        """Return what the table shows."""
        if who in store.errors.get(self.what, {}):
            return "failed"
        values = store.values(self.what, who, self.key)
        if not values:
            return NOTHING
        if self.counts:
            return span(values)
        value = middle(values)
        if value is None:
            return self.without
        ideal = middle(store.values(self.what, who, self.ideal)) if self.ideal else None
        return f"{write(value)} of {write(ideal)}" if ideal else write(value)

    def is_behind(self, ours: float, other: float) -> bool:
        """Tell whether ours is worse by more than what runs differ by themselves."""
        if self.counts:
            return ours > other
        if self.more_is_better:
            return ours < other * (1 - self.tolerance)
        return ours > other * (1 + self.tolerance)


NOT_IN_TIME = "not in time"
COLUMNS = (
    Column("limited", "utilisation", "limit used", more_is_better=True),
    Column("limited", "refused", "429s", counts=True),
    Column("unlimited", "starts_per_second", "no limit, starts/s", more_is_better=True),
    Column("killed", "never", "kill: never", counts=True),
    Column("killed", "twice", "kill: twice", counts=True),
    Column("killed", "recovery_seconds", "kill: over after s", without=NOT_IN_TIME),
    Column("outage", "failed", "outage: given up", counts=True),
    Column("outage", "last_start_after_seconds", "outage: over after s", without=NOT_IN_TIME),
    Column(
        *("refused", "seconds", "refusals count: s of ideal"),
        without=NOT_IN_TIME,
        ideal="ideal_seconds",
    ),
    Column("refused", "never", "refusals count: never", counts=True),
    Column("waiting", "bytes_a_person", "Redis bytes a person"),
    Column("unlimited", "pss_mb", "PSS MB"),
    Column("unlimited", "rss_mb", "RSS MB"),
    Column("unlimited", "idle_percent", "idle, % of a core", tolerance=0.5),
)


def table(store: Store) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows, the bridge last."""
    shown = [column for column in COLUMNS if store.runs.get(column.what)]
    rows = [
        [LABELS[who], *(column.text(store, who) for column in shown)]
        for who in LABELS
        if any(who in {**store.runs[c.what], **store.errors[c.what]} for c in shown)
    ]
    return ["", *(column.title for column in shown)], rows


def told_of_fewer_runs(store: Store) -> str:
    """Say whose figures come of fewer runs than the others', empty if nobody's do."""
    told = []
    for what in dict.fromkeys(column.what for column in COLUMNS):
        runs = {who: len(store.runs.get(what, {}).get(who, [])) for who in LABELS}
        few = [LABELS[who] for who, count in runs.items() if 0 < count < max(runs.values())]
        if few:
            told.append(f"{what}: {', '.join(few)}")
    if not told:
        return ""
    return (
        "Who did not come to an end in time was not run as often as the others. Fewer runs stand "
        f"behind: {'; '.join(told)}."
    )


def behind(store: Store) -> str:
    """Say in one sentence where others have the better figure, read off the figures."""
    told, judged = [], 0
    for column in COLUMNS:
        failed = OURS in store.errors.get(column.what, {})
        ours = None if failed else column.value(store, OURS)
        others = {
            who: value
            for who in store.runs.get(column.what, {})
            if who != OURS and (value := column.value(store, who)) is not None
        }
        if not others or not (failed or store.values(column.what, OURS, column.key)):
            continue
        judged += 1
        pick = max if column.more_is_better else min
        best = pick(others, key=lambda who: others[who])
        if ours is None or column.is_behind(ours, others[best]):
            mine = "no figure" if ours is None else write(ours)
            told.append(f"{column.title} ({mine}; {LABELS[best]}: {write(others[best])})")
    if not judged:
        return "Nothing was compared in this pass."
    if not told:
        return f"In none of {judged} columns does another contender have the better figure."
    return f"The bridge is behind in {len(told)} of {judged} columns: {'; '.join(told)}."
