"""Runs what was asked for: repetitions outermost, so that a drift of the machine hits everybody."""

from __future__ import annotations

import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.contenders import LABELS, OURS, PROGRAMS_BY_NAME
from benchmarks.ending import end_everything, ending, interrupt
from benchmarks.installs import InstallError
from benchmarks.places import SCRATCH
from benchmarks.registry import MEASURES, SCENARIOS
from benchmarks.store import OWN
from benchmarks.waves import run_wave, waves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.scenarios.scenario import Figures, LineUp, Scenario
    from benchmarks.sizes import Sizes
    from benchmarks.store import Store


def install(names: Sequence[str]) -> dict[str, str]:
    """Install the contenders; returns those that could not be, with the reason."""
    failed = {}
    for name in names:
        if name == OURS:
            continue
        try:
            PROGRAMS_BY_NAME[name].install()
        except InstallError as exc:
            failed[name] = f"could not be installed: {exc}"
            print(f"{LABELS[name]} {failed[name]}")
    return failed


def run(store: Store, wanted: Sequence[str], names: Sequence[str], sizes: Sizes) -> None:
    """Measure all that is wanted and keep the figures; nothing is left running, come what may."""
    missing = install(names) if any(what in SCENARIOS for what in wanted) else {}
    try:
        for what in wanted:
            store.begin(what, machine.load(), names if what in SCENARIOS else [OWN])
            if what in SCENARIOS:
                _compare(store, what, names, sizes, missing)
            else:
                measure = MEASURES[what]
                print(measure.title)
                for _ in range(1 if measure.once else sizes.repeat):
                    _once(store, what, OWN, partial(measure.measure, sizes=sizes))
            if left := end_everything():
                print(f"  {left} processes were left over and have been ended")
    except BaseException:
        interrupt()
        raise


def _compare(
    store: Store, what: str, names: Sequence[str], sizes: Sizes, missing: dict[str, str]
) -> None:
    scenario = SCENARIOS[what]
    print(scenario.title)
    few = sizes.faults_for if scenario.is_long else ()
    chosen = [name for name in names if name not in scenario.skips and (not few or name in few)]
    for name in chosen:
        if name in missing:
            store.fail(what, name, missing[name])
    abreast = min(sizes.abreast, len(names)) if scenario.side_by_side else 1
    store.note(what, repeat=sizes.repeat, abreast=abreast)

    def once(name: str, line_up: LineUp) -> None:
        _once(store, what, name, lambda folder: scenario.measure(name, folder, sizes, line_up))

    for _ in range(sizes.repeat):
        left = [name for name in chosen if _is_to_run(store, scenario, name)]
        for wave in waves(left, abreast):
            run_wave(wave, once)


def _is_to_run(store: Store, scenario: Scenario, name: str) -> bool:
    """Leave out who failed, and who did not come to an end: that took the whole time once."""
    runs = store.runs[scenario.name].get(name, [])
    ends = not runs or any(scenario.came_to_its_end(figures) for figures in runs)
    return ends and name not in store.errors[scenario.name]


def _once(store: Store, what: str, who: str, measure: Callable[[Path], Figures]) -> None:
    folder = SCRATCH / "runs" / f"{what}-{who}-{time.time_ns()}"
    folder.mkdir(parents=True)
    began_at = time.monotonic()
    try:
        figures = measure(folder)
    except Exception as exc:  # noqa: BLE001 - one contender's trouble must not end the pass
        if ending():
            return
        store.fail(what, who, f"{type(exc).__name__}: {exc} (logs in {folder.name})")
        print(f"  {who:<14} failed: {type(exc).__name__}: {exc}; logs in {folder}")
        return
    store.add(what, who, figures)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"  {who:<14} {_short(figures)}  [{time.monotonic() - began_at:.0f} s]", flush=True)


def _short(figures: Figures) -> str:
    return "  ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in figures.items()
        if not isinstance(value, list)
    )
