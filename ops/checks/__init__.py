"""The checks of `doctor`, by what they look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One answer; where it is not ok, `detail` says how to mend it."""

    name: str
    ok: bool
    detail: str
