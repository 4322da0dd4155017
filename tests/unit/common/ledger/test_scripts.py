"""The Lua files as attributes, and what Redis 6.2 says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.ledger import INBOX, scripts
from common.ledger.scripts import Scripts, flat

if TYPE_CHECKING:
    from redis import Redis

FILES = sorted((Path(scripts.__file__).parent / "lua").glob("[!_]*.lua"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_redis_compiles_each_file(redis: Redis, path: Path) -> None:
    script = getattr(Scripts(redis), path.stem)
    assert redis.script_load(script.script) == script.sha


def test_there_is_no_script_without_a_file(redis: Redis) -> None:
    with pytest.raises(AttributeError, match="unheard_of"):
        _ = Scripts(redis).unheard_of


def test_what_scripts_share_is_no_script(redis: Redis) -> None:
    assert not hasattr(Scripts(redis), "_lane")


def test_groups_become_one_list_of_arguments() -> None:
    assert flat([("a", 1), ("b", 2)]) == ["a", 1, "b", 2]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_says_what_it_takes_and_what_it_returns(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("\nlocal")[0]
    assert head.startswith("-- ")
    assert "ARGV: " in head
    assert "Returns" in head


@pytest.mark.parametrize(("read", "expected"), [(b"old", b"new"), (b"older", b"old")])
def test_a_value_is_rewritten_only_if_it_is_the_one_that_was_read(
    redis: Redis, read: bytes, expected: bytes
) -> None:
    redis.hset(INBOX.key("entries"), "a", "old")
    done = Scripts(redis).rewrite(keys=INBOX.keys(), args=["", "a", read, "new"])
    assert redis.hget(INBOX.key("entries"), "a") == expected
    assert done == (expected == b"new")
