"""What a contender is given: a Koji, a rate, people, a folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.local_koji import API_KEY
from benchmarks.people import members

if TYPE_CHECKING:
    from pathlib import Path

    from ops.local.sandbox_process import Sandbox

WORKERS = 2


@dataclass(frozen=True)
class Stage:
    """One run; `per_minute` 0 means no limit, `consume` False that nothing is to be worked off."""

    folder: Path
    sandbox: Sandbox
    size: int
    per_minute: int = 0
    window_seconds: int = 60
    consume: bool = True
    people: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Make up the cohort, the same one every time."""
        object.__setattr__(self, "people", members(0, self.size))

    def people_file(self) -> Path:
        """Write the cohort for the programs to read."""
        path = self.folder / "people.json"
        path.write_text(json.dumps(self.people), encoding="utf-8")
        return path

    def environ(self, redis_url: str) -> dict[str, str]:
        """Return what the programs in benchmarks/programs read."""
        return {
            **os.environ,
            "KOJI_URL": self.sandbox.koji_url,
            "KOJI_KEY": API_KEY,
            "REDIS_URL": redis_url,
            "PER_SECOND": str(self.per_minute / 60),
            "WORKERS": str(WORKERS),
            "PEOPLE": str(self.people_file()),
        }

    def rate(self) -> str:
        """Return the limit in the bridge's own notation."""
        if not self.per_minute:
            return "1000000/minute"
        if self.window_seconds == 1:
            return f"{round(self.per_minute / 60)}/second"
        return f"{self.per_minute}/minute"
