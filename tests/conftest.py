"""What every test may use: a real Redis of its own, a clock, and bounded hypothesis runs."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from ops.local.embedded_redis import EmbeddedRedis
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

# `ci` draws the same examples every time, so that a red run is red again; to search further:
# HYPOTHESIS_PROFILE=thorough pytest tests/unit/common/ledger/test_states.py
_COMMON = {
    "phases": [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("ci", max_examples=100, derandomize=True, database=None, **_COMMON)
settings.register_profile("thorough", max_examples=2000, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over the thousands of tests that stay to the end."""
    gc.freeze()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """One server for each test process, on a free port, in a folder that pytest removes."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        with server.client() as client:
            client.config_set("appendonly", "no")  # a disk tells nothing about transitions
        yield server


@pytest.fixture
def redis(redis_server: EmbeddedRedis) -> Iterator[Redis]:
    """A client of that server, which holds nothing yet."""
    with redis_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
