"""The ledger's schema: older books are taken up, newer ones are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from common.config import load_config
from common.ledger.schema import KEY, SCHEMA, NewerLedgerError, newer_at_start, take_up
from common.start_up import refuse_newer_ledger
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from ops.local.embedded_redis import EmbeddedRedis


@pytest.mark.parametrize("before", [None, 0, SCHEMA])
def test_a_new_or_older_ledger_is_taken_up(redis: Redis, before: int | None) -> None:
    if before is not None:
        redis.set(KEY, before)
    take_up(redis)
    assert int(cast("bytes", redis.get(KEY))) == SCHEMA
    assert newer_at_start(redis) == ""


def test_a_newer_ledger_is_refused_and_left_alone(redis: Redis) -> None:
    redis.set(KEY, SCHEMA + 1)
    with pytest.raises(NewerLedgerError, match=f"schema {SCHEMA + 1}"):
        take_up(redis)
    assert int(cast("bytes", redis.get(KEY))) == SCHEMA + 1


def test_a_process_refuses_a_newer_ledger_and_starts_without_redis(
    redis: Redis,
    redis_server: EmbeddedRedis,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environ = smallest_environ(tmp_path)
    refuse_newer_ledger(load_config(environ | {"REDIS_URL": "redis://127.0.0.1:1"}).settings)
    settings = load_config(environ | {"REDIS_URL": redis_server.url}).settings
    refuse_newer_ledger(settings)
    redis.set(KEY, SCHEMA + 1)
    with pytest.raises(SystemExit) as caught:
        refuse_newer_ledger(settings)
    assert caught.value.code == 2
    assert "docs/upgrading.md" in capsys.readouterr().err
