"""What the comparison shows, and that it says where the bridge is behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.columns import behind, table, told_of_fewer_runs
from benchmarks.store import Store


def store_of(runs: dict[str, dict[str, list[dict[str, Any]]]], **errors: dict[str, str]) -> Store:
    return Store(
        Path("unused.json"), runs=runs, errors={what: errors.get(what, {}) for what in runs}
    )


def refused(seconds: float | None, never: int) -> dict[str, Any]:
    return {"seconds": seconds, "ideal_seconds": 20.0, "refused": 0, "never": never}


def shown(store: Store, who: str) -> dict[str, str]:
    headings, rows = table(store)
    (row,) = [row for row in rows if row[0] == who]
    return dict(zip(headings, row, strict=True))


def test_refusals_that_count_are_shown_in_seconds_of_the_ideal_and_people_never_started() -> None:
    store = store_of(
        {
            "refused": {
                "arq": [refused(None, 191)],
                "ours": [refused(20.5, 0), refused(21, 0), refused(20.4, 0)],
            }
        }
    )

    ours, arq = shown(store, "the bridge"), shown(store, "arq")

    assert ours["refusals count: s of ideal"] == "20.5 of 20"
    assert ours["refusals count: never"] == "0"
    assert arq["refusals count: s of ideal"] == "not in time"
    assert arq["refusals count: never"] == "191"


def test_a_median_needs_most_runs_to_have_come_to_an_end() -> None:
    runs = [refused(21, 0), refused(None, 3), refused(None, 5)]
    store = store_of({"refused": {"dramatiq": runs, "ours": [refused(20, 0)]}})

    dramatiq = shown(store, "dramatiq")

    assert dramatiq["refusals count: s of ideal"] == "not in time"
    assert dramatiq["refusals count: never"] == "0 to 5"


def test_figures_of_fewer_runs_are_told() -> None:
    store = store_of(
        {"refused": {"arq": [refused(None, 191)], "ours": [refused(20, 0), refused(20, 0)]}}
    )

    assert "refused: arq." in told_of_fewer_runs(store)
    assert told_of_fewer_runs(store_of({"refused": {"ours": [refused(20, 0)]}})) == ""


def test_the_bridge_is_behind_where_another_is_quicker_by_more_than_the_tolerance() -> None:
    store = store_of({"refused": {"bullmq": [refused(20.1, 0)], "ours": [refused(22, 0)]}})

    assert behind(store) == (
        "The bridge is behind in 1 of 2 columns: refusals count: s of ideal (22; BullMQ: 20.1)."
    )


def test_the_bridge_is_behind_where_it_came_to_no_end_or_could_not_be_measured() -> None:
    others = {"bullmq": [refused(21, 0)]}
    endless = store_of({"refused": {**others, "ours": [refused(None, 2)]}})
    failed = store_of({"refused": others}, refused={"ours": "TimeoutError"})

    assert "2 of 2 columns" in behind(endless)
    assert "refusals count: s of ideal (no figure; BullMQ: 21)" in behind(endless)
    assert "2 of 2 columns" in behind(failed)


def test_the_worst_run_is_what_a_count_is_judged_by() -> None:
    store = store_of(
        {"refused": {"bullmq": [refused(20, 0)], "ours": [refused(20, 0), refused(20, 1)]}}
    )

    assert "refusals count: never (1; BullMQ: 0)" in behind(store)
