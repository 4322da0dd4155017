"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object],
    timeout_seconds: float,
    what: str,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Return as soon as the condition holds; raises TimeoutError that says what did not come."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_seconds:g} s in vain until: {what}")
        time.sleep(poll_seconds)
