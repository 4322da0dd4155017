"""Loads the Lua scripts: each transition is one file, run whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

_FOLDER = Path(__file__).parent / "lua"
LANE_KEYS = 10  # those that `_lane.lua` names


class Scripts:
    """The registered scripts, as attributes by file name."""

    def __init__(self, redis: Redis) -> None:
        """Register every script; nothing is sent before the first call."""
        shared = (_FOLDER / "_lane.lua").read_text(encoding="utf-8")
        self._scripts: dict[str, Script] = {
            path.stem: redis.register_script(shared + path.read_text(encoding="utf-8"))
            for path in sorted(_FOLDER.glob("[!_]*.lua"))
        }
        self.complete_start_and_begin = redis.register_script(
            shared + _both("complete_start", "begin")
        )

    def __getattr__(self, name: str) -> Script:
        """Return a script by the name of its file."""
        try:
            return self._scripts[name]
        except KeyError:
            raise AttributeError(name) from None


def _both(*names: str) -> str:
    """Return a script that runs two, one after the other, in one round trip.

    KEYS: the lane's, then the further ones of the first and of the second. ARGV: now, how many
    further keys and arguments the first has, its arguments, those of the second.
    Returns: what the first returned, what the second returned.
    """
    first, second = ((_FOLDER / f"{name}.lua").read_text(encoding="utf-8") for name in names)
    return f"""
local function first(KEYS, ARGV) {first} end
local function second(KEYS, ARGV) {second} end
local lane, keys, args = {LANE_KEYS}, tonumber(ARGV[2]), tonumber(ARGV[3])
local keys_1, keys_2, args_1, args_2 = {{}}, {{}}, {{ ARGV[1] }}, {{ ARGV[1] }}
for i = 1, #KEYS do
  if i <= lane + keys then keys_1[#keys_1 + 1] = KEYS[i] end
  if i <= lane or i > lane + keys then keys_2[#keys_2 + 1] = KEYS[i] end
end
for i = 4, #ARGV do
  local list = i < 4 + args and args_1 or args_2
  list[#list + 1] = ARGV[i]
end
local done = first(keys_1, args_1)
return {{ done, second(keys_2, args_2) or false }}
"""


def flat(groups: Any) -> list[Any]:
    """Return a list of tuples as one list of arguments."""
    return [value for group in groups for value in group]
