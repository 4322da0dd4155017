"""How much of its limit a key uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.partner_keys import key_name, limit_key
from ops.console.pace import Pace, read_paces
from tests.unit.ops.conftest import NOON_MS

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger

BUCKET = NOON_MS // 60_000


@pytest.fixture
def key(config: Config) -> str:
    return limit_key(key_name(config.api_keys["KOJI_API_KEY"]))


def pace(config: Config, ledger: Ledger, after_seconds: float = 15) -> Pace:
    ledger._clock_ms = lambda: NOON_MS + round(1000 * after_seconds)
    return read_paces(config, ledger)["activation"]


def test_a_key_that_was_never_used_stands_at_nothing(config: Config, ledger: Ledger) -> None:
    assert pace(config, ledger) == Pace(0, 60, "minute")
    assert read_paces(config, ledger)["churned"].limit == 30


def test_the_minute_before_fades_out(config: Config, ledger: Ledger, key: str) -> None:
    ledger.redis.hset(key, mapping={"bucket": BUCKET, "used": 10, "used_before": 40})
    assert pace(config, ledger, 0).used == 50
    assert pace(config, ledger, 15).used == 40
    assert pace(config, ledger, 75).used == 8
    assert pace(config, ledger, 120).used == 0


def test_a_share_is_never_more_than_all(config: Config, ledger: Ledger, key: str) -> None:
    ledger.redis.hset(key, mapping={"bucket": BUCKET, "used": 45})
    assert pace(config, ledger).share == 0.75
    ledger.redis.hset(key, "used", 99)
    assert pace(config, ledger).share == 1.0


def test_a_limit_that_koji_lowered_is_shown(config: Config, ledger: Ledger, key: str) -> None:
    ledger.redis.hset(key, mapping={"interval": f"{60_000 / (40 * 0.99):.3f}"})
    assert (pace(config, ledger).limit, pace(config, ledger).lowered) == (40, True)


def test_a_wait_that_koji_asked_for_is_shown(config: Config, ledger: Ledger, key: str) -> None:
    ledger.redis.hset(key, "blocked_until", f"{NOON_MS + 27_000:.3f}")
    assert pace(config, ledger, 15).blocked_seconds == 12
    assert pace(config, ledger, 30).blocked_seconds == 0
