"""Fixtures: a configuration, a clock that stands still, and a bridge between fake partners."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
import structlog

import workers
from common.config import load_config
from tests.unit.workers.harness import KOJI_URL, MIXPANEL_URL, Bench, Clock, make_bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from redis import Redis

    from common.config import Config
    from workers.bridge import Bridge

ROUTES = """
[[routes]]
name = "activation"
cohort_id = "5167408"
study_id = "st_activation"
properties = ["plan", "$city"]

[[routes]]
name = "private"
cohort_id = "77"
study_id = "st_private"
api_key_env = "PRIVATE_API_KEY"
join_key = "respondent_id"
properties = ["plan", "contact"]
"""


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """Load a configuration from routes and further variables."""

    def make(routes: str = ROUTES, **environ: str) -> Config:
        path = tmp_path / "routes.toml"
        path.write_text(routes)
        return load_config(
            {
                "BRIDGE_ROUTES": str(path),
                "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:pw",
                "KOJI_WEBHOOK_SECRETS": "koji_test_secret",
                "KOJI_BASE_URL": KOJI_URL,
                "KOJI_API_KEY": "pk_live_one",
                "PRIVATE_API_KEY": "pk_live_two",
                "MIXPANEL_API_HOST": MIXPANEL_URL,
                "MIXPANEL_PROJECT_TOKEN": "token",
                "REDIS_URL": "redis://127.0.0.1:1/0",
                **environ,
            }
        )

    return make


@pytest.fixture
def config(make_config: Callable[..., Config]) -> Config:
    return make_config()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The only clock there is: the workers', Redis' and the keys' expiry."""
    made = Clock()
    for module in (
        "fakeredis._helpers",
        "fakeredis._socket._base",
        "fakeredis.commands_mixins.server_mixin",
        "workers.clients.http",
        "workers.rate_limiter",
    ):
        monkeypatch.setattr(f"{module}.time", made)
    return made


@pytest.fixture
def redis(clock: Clock) -> Redis:
    del clock
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


@pytest.fixture
def build(
    make_config: Callable[..., Config], redis: Redis, clock: Clock
) -> Iterator[Callable[..., Bench]]:
    """Build a bridge for routes and variables of a test's own."""
    benches: list[Bench] = []

    def make(routes: str = ROUTES, **environ: str) -> Bench:
        benches.append(make_bench(make_config(routes, **environ), redis, clock))
        return benches[-1]

    yield make
    for bench in benches:
        bench.bridge.leases.stop()


@pytest.fixture
def bench(build: Callable[..., Bench]) -> Bench:
    return build()


@pytest.fixture
def bridge(bench: Bench) -> Bridge:
    return bench.bridge


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the workers log, as it is before any masking."""
    lines: list[dict[str, Any]] = []

    def record(_: Any, method: str, event: structlog.typing.EventDict) -> str:
        lines.append({**event, "level": method})
        return ""

    logger = structlog.wrap_logger(structlog.testing.ReturnLogger(), processors=[record])
    for found in pkgutil.walk_packages(workers.__path__, "workers."):
        if found.name != "workers.__main__":
            module = importlib.import_module(found.name)
            if hasattr(module, "log"):
                monkeypatch.setattr(module, "log", logger)
    return lines
