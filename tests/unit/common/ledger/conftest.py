"""The ledger over a real Redis, by a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.ledger import Ledger

if TYPE_CHECKING:
    from redis import Redis

    from tests.support.clock import FakeClock


@pytest.fixture
def ledger(redis: Redis, clock: FakeClock) -> Ledger:
    return Ledger(redis, clock)
