"""The figures of every run, kept as JSON, so that a part of them can be measured anew."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OWN = "bridge"
KEPT = ("machine", "runs", "errors", "measured")


@dataclass
class Store:
    """`runs[what][who]` lists the figures of each repetition; an error stands in for figures."""

    path: Path
    machine: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    errors: dict[str, dict[str, str]] = field(default_factory=dict)
    measured: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Read what an earlier pass left, if anything."""
        store = cls(path)
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            for name in KEPT:
                setattr(store, name, found[name])
        return store

    def begin(self, what: str, load: float, names: Sequence[str]) -> None:
        """Forget the figures of those who are measured anew in one scenario."""
        for figures in (self.runs.setdefault(what, {}), self.errors.setdefault(what, {})):
            for name in names:
                figures.pop(name, None)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        told = f"{now}, load average {load:.1f} before"
        if self.runs[what] and what in self.measured:  # the others' figures stay
            told = f"{self.measured[what]}. Anew, {', '.join(names)}: {told}"
        self.measured[what] = told

    def note(self, what: str, *, repeat: int, abreast: int) -> None:
        """Keep how often a scenario is run, and how many contenders at a time."""
        times = "once" if repeat == 1 else f"{repeat} times"
        beside = f", {abreast} contenders at a time" if abreast > 1 else ""
        self.measured[what] += f"; {times} each{beside}"

    def add(self, what: str, who: str, figures: dict[str, Any]) -> None:
        """Keep the figures of one run."""
        self.runs[what].setdefault(who, []).append(figures)
        self.save()

    def fail(self, what: str, who: str, reason: str) -> None:
        """Keep why there are no figures."""
        self.errors[what][who] = reason
        self.save()

    def save(self) -> None:
        """Write everything."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.lock:
            content = {name: getattr(self, name) for name in KEPT}
            self.path.write_text(json.dumps(content), encoding="utf-8")

    def values(self, what: str, who: str, key: str) -> list[float | None]:
        """Return one figure of every repetition; None where there was nothing to tell."""
        return [run.get(key) for run in self.runs.get(what, {}).get(who, [])]
