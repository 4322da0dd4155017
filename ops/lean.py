"""Imported first by `python -m ops`: spares each command what libraries do for nobody.

redis-py imports OpenTelemetry's metrics wherever it is installed (as common/lean.py has it).
marshmallow compiles a pattern for e-mail addresses while it is imported, whose 65,000 letters are
each looked at in both cases; that takes longer than reading fifty dead letters. Here it is compiled
when it is used, which only a route's `reply_to` does.
"""

from __future__ import annotations

import re
import sys
from typing import Any

_compile = re.compile
_LAST_LETTER = "\uffff"


class LatePattern:
    """A pattern that is compiled when it is first used, and is used as any other."""

    def __init__(self, pattern: str, flags: int) -> None:
        """Compile nothing yet."""
        self._told = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Return what the compiled pattern has; `re` keeps it, so it is compiled once."""
        if name.startswith("__"):  # a class asks everything in it whether it is abstract
            raise AttributeError(name)
        return getattr(_compile(*self._told), name)


def compile_late(pattern: Any, flags: Any = 0) -> Any:
    """Stand in for `re.compile`: the same for all patterns but those that take long."""
    if isinstance(pattern, str) and flags & re.IGNORECASE and _LAST_LETTER in pattern:
        return LatePattern(pattern, flags)
    return _compile(pattern, flags)


sys.modules.setdefault("opentelemetry", None)  # type: ignore[arg-type]
re.compile = compile_late
