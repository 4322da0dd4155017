"""The end of each help text."""

from __future__ import annotations


def example(*commands: str) -> str:
    r"""Return examples of a command; `\b` keeps click from joining their lines."""
    return "\n".join(["\b", "Example:", *(f"  python -m ops {command}" for command in commands)])
