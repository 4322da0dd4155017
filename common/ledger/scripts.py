"""Loads the Lua scripts: each transition is one file, run whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

_FOLDER = Path(__file__).parent / "lua"


class Scripts:
    """The registered scripts, as attributes by file name."""

    def __init__(self, redis: Redis) -> None:
        """Register every script; nothing is sent before the first call."""
        shared = (_FOLDER / "_lane.lua").read_text(encoding="utf-8")
        self._scripts: dict[str, Script] = {
            path.stem: redis.register_script(shared + path.read_text(encoding="utf-8"))
            for path in sorted(_FOLDER.glob("[!_]*.lua"))
        }

    def __getattr__(self, name: str) -> Script:
        """Return a script by the name of its file."""
        try:
            return self._scripts[name]
        except KeyError:
            raise AttributeError(name) from None


def flat(groups: Any) -> list[Any]:
    """Return a list of tuples as one list of arguments."""
    return [value for group in groups for value in group]
