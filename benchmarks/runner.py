"""Runs what was asked for: repetitions outermost, so that a drift of the machine hits everybody."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.contenders import LABELS, OURS, PROGRAMS_BY_NAME
from benchmarks.installs import InstallError
from benchmarks.places import SCRATCH
from benchmarks.registry import MEASURES, SCENARIOS
from benchmarks.store import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.scenarios.scenario import Figures
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
    """Measure every wanted scenario and keep the figures."""
    missing = install(names) if any(what in SCENARIOS for what in wanted) else {}
    for what in wanted:
        store.begin(what, machine.load(), names if what in SCENARIOS else [OWN])
        if what in SCENARIOS:
            _compare(store, what, names, sizes, missing)
        else:
            measure = MEASURES[what]
            print(measure.title)
            for _ in range(1 if measure.once else sizes.repeat):
                _once(store, what, OWN, partial(measure.measure, sizes=sizes))


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
    abreast = sizes.abreast if scenario.mostly_waits else 1
    store.note(what, repeat=sizes.repeat, abreast=abreast)

    def once(name: str) -> None:
        if name not in store.errors[what]:
            _once(store, what, name, partial(scenario.measure, name, sizes=sizes))

    for _ in range(sizes.repeat):
        with ThreadPoolExecutor(abreast) as pool:
            list(pool.map(once, chosen))


def _once(store: Store, what: str, who: str, measure: Callable[[Path], Figures]) -> None:
    folder = SCRATCH / "runs" / f"{what}-{who}-{time.time_ns()}"
    folder.mkdir(parents=True)
    began_at = time.monotonic()
    try:
        figures = measure(folder)
    except Exception as exc:  # noqa: BLE001 - one contender's trouble must not end the pass
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
