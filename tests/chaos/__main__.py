"""`make chaos SEEDS="1 2 3"`: run the storms, print the table, write the report."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.harness import run
from tests.chaos.plan import Plan, short_plan

FIGURES = (
    *("kills", "accepted", "started", "double_started", "held_as_ambiguous", "dead", "cancelled"),
    *("lost", "results_accepted", "results_skipped", "written", "written_twice", "writes_dead"),
    *("results_lost", "profiles_moved_back", "given_up_by_koji"),
    *("median_recovery_seconds", "longest_recovery_seconds", "after_outage_seconds"),
    *("drained_after_seconds", "took_seconds", "void", "broken"),
)


def main() -> int:
    """Return 0 if every run's sums add up and no promise was broken, 3 if a run is void."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--report", type=Path, default=Path(".run/chaos.json"))
    options = parser.parse_args()
    console = Console(stderr=True)
    reports = []
    for seed in options.seeds:
        began_at = time.monotonic()
        plan = short_plan(seed) if options.short else Plan(seed)
        console.print(f"[bold]seed {seed}[/]")
        reports.append(
            run(
                plan,
                lambda text, at=began_at: console.print(f"{time.monotonic() - at:6.1f} s  {text}"),
            )
        )
    options.report.parent.mkdir(exist_ok=True)
    options.report.write_text(json.dumps(reports, indent=1), encoding="utf-8")
    table = Table("figure", *(f"seed {report['seed']}" for report in reports))
    for name in FIGURES:
        table.add_row(
            name,
            *(str(report[name] or ("" if name in {"void", "broken"} else 0)) for report in reports),
        )
    Console().print(table)
    if any(report["void"] for report in reports):
        return 3
    return 1 if any(report["broken"] for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
