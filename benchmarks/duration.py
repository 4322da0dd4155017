"""How long a pass takes, from the sizes of what it measures; told before it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.registry import MEASURES, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.sizes import Sizes

# Until ready: sandbox, Redis and the whole bridge; and contenders by and large; and their end.
START_SECONDS, MEAN_START_SECONDS = 8.0, 5.0
# A second on two cores: members accepted and unpacked, results loaded and drained, messages.
MEMBERS, RESULTS, MESSAGES, STARTS, SENT = 17_000, 1500, 600, 500, 800
IMPORT_SECONDS = 1.0
LONE_SECONDS = 0.18
POOLS = 5


@dataclass(frozen=True)
class Span:
    """Seconds of one run, or of a wave: as a rule, and the first time, when some never end."""

    usual: float
    first: float


def of_scenario(what: str, sizes: Sizes) -> Span:
    """Return how long it takes, the start left out, by the ideal and what was seen above it."""
    limited = sizes.limited_people * 60 / sizes.limited_per_minute
    killed = sizes.killed_at * 60 / sizes.killed_per_minute
    refused = sizes.refused_people * 60 / sizes.refused_per_minute
    outage = sizes.outage_seconds
    unlimited = sizes.unlimited_people / STARTS + sizes.idle_seconds
    return {
        "limited": Span(1.5 * limited, 1.5 * limited),
        "unlimited": Span(unlimited, unlimited),
        "killed": Span(
            killed + sizes.killed_cap_seconds / 2, 2 * killed + sizes.killed_cap_seconds
        ),
        "outage": Span(outage + sizes.outage_cap_seconds / 3, outage + sizes.outage_cap_seconds),
        "refused": Span(2 * refused, sizes.refused_cap_seconds),
        "waiting": Span(sizes.waiting_people / SENT, sizes.waiting_people / SENT),
    }[what]


def of_measure(what: str, sizes: Sizes) -> float:
    """Return how long one run takes, its start included."""
    pools = sizes.unlimited_people / STARTS
    scaling = sizes.scaling_people * 60 / sizes.scaling_per_minute
    results = sizes.waiting_results / RESULTS
    return {
        "ingress": START_SECONDS + 4 * sizes.load_seconds,
        "imports": 2 * sizes.imports * IMPORT_SECONDS,
        "pages": START_SECONDS + 2000 * sizes.pages / MEMBERS,
        "lone": START_SECONDS + sizes.lone_results * LONE_SECONDS,
        "drain": START_SECONDS + results,
        "noop": START_SECONDS + 2 * sizes.noop_tasks / MESSAGES,
        "idle": 2 * START_SECONDS + sizes.idle_seconds,
        "pools": POOLS * (START_SECONDS + pools),
        "scaling": len(sizes.scaling_workers) * (1.5 * START_SECONDS + scaling) + results,
        "million": START_SECONDS + sizes.members / MEMBERS,
    }[what]


def estimate(wanted: Sequence[str], names: Sequence[str], sizes: Sizes) -> float:
    """Return seconds; in each scenario that waits, somebody does not end the first time."""
    total = 0.0
    for what in wanted:
        if what in MEASURES:
            times = 1 if MEASURES[what].once else sizes.repeat
            total += times * of_measure(what, sizes)
            continue
        scenario, span = SCENARIOS[what], of_scenario(what, sizes)
        few = sizes.faults_for if scenario.is_long else ()
        count = sum(name not in scenario.skips and (not few or name in few) for name in names)
        waves = math.ceil(count / sizes.abreast) if scenario.side_by_side else count
        start = START_SECONDS if scenario.side_by_side else MEAN_START_SECONDS
        total += waves * (start + span.first + (sizes.repeat - 1) * (start + span.usual))
    return total


def announce(wanted: Sequence[str], names: Sequence[str], sizes: Sizes) -> str:
    """Return the line to print before a pass."""
    minutes = estimate(wanted, names, sizes) / 60
    return f"{len(wanted)} parts, about {max(1, round(minutes))} minutes on two cores."
