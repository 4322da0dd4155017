"""Figures that are measured anew say so beside those that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_part_measured_anew_keeps_when_the_rest_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "figures.json")
    store.begin("outage", 0.1, ["bullmq", "ours"])
    store.note("outage", repeat=3, abreast=4)
    for who in ("bullmq", "ours"):
        store.add("outage", who, {"failed": 0})
    first = store.measured["outage"]
    assert first.endswith("load average 0.1 before; 3 times each, 4 contenders at a time")
    store.begin("outage", 0.2, ["ours"])
    store.note("outage", repeat=1, abreast=1)
    assert store.measured["outage"].startswith(f"{first}. Anew, ours: ")
    assert store.measured["outage"].endswith("load average 0.2 before; once each")
    assert list(store.runs["outage"]) == ["bullmq"]
    store.begin("outage", 0.3, ["bullmq", "ours"])
    assert "Anew" not in store.measured["outage"]
