"""`python -m benchmarks`: measure, write results.md and the plot, print the comparison."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.columns import behind, table
from benchmarks.contenders import LABELS
from benchmarks.duration import announce
from benchmarks.ending import prepare
from benchmarks.markdown import render
from benchmarks.places import ROOT, SCRATCH
from benchmarks.plot import PLOT, draw
from benchmarks.registry import NAMES
from benchmarks.runner import run
from benchmarks.scaling_page import show_scaling
from benchmarks.sizes import FULL, QUICK
from benchmarks.store import Store

INTERRUPTED = 130  # as a shell tells of a program that Ctrl-C has ended


def main() -> int:
    """Return 1 if anything that was asked for could not be measured."""
    options = _options()
    sizes = QUICK if options.quick else FULL
    sizes = replace(
        sizes, repeat=options.repeat or sizes.repeat, abreast=options.abreast or sizes.abreast
    )
    # A smoke run must not write over figures that mean something.
    out = options.out or (SCRATCH / "quick" if options.quick else ROOT / "benchmarks")
    path = SCRATCH / ("quick.json" if options.quick else "full.json")
    store = Store.open(path) if options.only or options.render else Store(path)
    wanted = [] if options.render else (options.only or NAMES)
    prepare()
    try:
        if wanted:
            print(announce(wanted, options.contenders, sizes), flush=True)
            store.machine = machine.describe()
            run(store, wanted, options.contenders, sizes)
    except KeyboardInterrupt:
        print("Interrupted: what was not measured keeps no figures, and nothing is left running.")
        return INTERRUPTED
    finally:
        out.mkdir(parents=True, exist_ok=True)
        (out / PLOT).write_text(draw(store, sizes), encoding="utf-8")
        results = out / "results.md"
        results.write_text(render(store, sizes, quick=options.quick), encoding="utf-8")
        if not options.quick:
            show_scaling(store)
    _show(store)
    print(f"\nWritten to {results} and {out / PLOT}")
    return 1 if any(store.errors.get(what) for what in wanted) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=NAMES,
        metavar="NAME",
        help=f"measure these anew and keep the other figures of the last pass: {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--contenders",
        nargs="+",
        choices=list(LABELS),
        default=list(LABELS),
        metavar="NAME",
        help=f"compare these: {', '.join(LABELS)}",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that all works")
    parser.add_argument("--repeat", type=int, help="repetitions instead of the default")
    parser.add_argument(
        "--abreast", type=int, help="contenders at a time, in scenarios that allow for it"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, write results anew")
    parser.add_argument("--out", type=Path, help="folder of the results")
    return parser.parse_args()


def _show(store: Store) -> None:
    headings, rows = table(store)
    console = Console()
    if rows:
        # A contender a column: a terminal is less wide than the document.
        shown = Table(headings[0], *(row[0] for row in rows))
        for number, heading in enumerate(headings[1:], start=1):
            shown.add_row(heading, *(row[number] for row in rows))
        console.print(shown)
        console.print(behind(store), highlight=False)
    for what, errors in store.errors.items():
        for who, reason in errors.items():
            console.print(f"{what}, {who}: {reason}", style="red", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
