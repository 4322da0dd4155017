"""A valid request of each sender, and an app on a Redis in memory."""

from __future__ import annotations

import base64
import copy
import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import fakeredis
import orjson
import pytest

from common.config import load_config
from common.ledger import INBOX, Ledger
from common.stored import decode
from ingress.app import make_app
from ingress.metrics import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from common.config import Config

NOW_SECONDS = 1_780_000_000
SECRET = "koji_test_secret"

ROUTES = """
[[routes]]
name = "activation"
cohort_id = "5167408"
study_id = "st_activation"

[[routes]]
name = "power-users"
cohort_name = "Power users"
study_id = "st_power"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    return load_config(
        {
            "BRIDGE_ROUTES": str(routes),
            "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:first,mixpanel:sécond",
            "KOJI_WEBHOOK_SECRETS": f"old_secret,{SECRET}",
            "KOJI_API_KEY": "pk_live_x",
            "MIXPANEL_PROJECT_TOKEN": "token",
            "MEMBERS_API_TOKENS": "token-one,token-two",
            "MAX_BODY_BYTES": "20000",
        }
    )


@dataclass
class Bench:
    """The app with everything around it that a test looks at or breaks."""

    config: Config
    server: fakeredis.FakeServer
    wakes: list[str] = field(default_factory=list)
    wake_error: Exception | None = None
    fleet: Callable[[], str] = str

    def __post_init__(self) -> None:
        self.ledger = Ledger(fakeredis.FakeRedis(server=self.server), lambda: NOW_SECONDS * 1000)
        self.client: FlaskClient = self.app().test_client()

    def app(self) -> Flask:
        return make_app(
            self.config,
            self.ledger,
            self._wake,
            fleet_metrics=lambda: str(self.fleet()),
            now_seconds=lambda: NOW_SECONDS,
        )

    def configure(self, **settings: Any) -> None:
        self.config = replace(self.config, settings=replace(self.config.settings, **settings))
        self.client = self.app().test_client()

    def _wake(self) -> None:
        if self.wake_error:
            raise self.wake_error
        self.wakes.append("wake")

    def stored(self) -> dict[str, Any]:
        entries = self.ledger.redis.hgetall(INBOX.key("entries"))
        return {key.decode(): decode(value) for key, value in entries.items()}

    def break_redis(self) -> None:
        self.server.connected = False

    def figure(self, line: str) -> float:
        """Return a metric's value by the text before it."""
        for row in render(several_processes=False).splitlines():
            if row.startswith(line + " "):
                return float(row.rsplit(" ", 1)[1])
        return 0.0


@pytest.fixture
def bench(config: Config) -> Bench:
    return Bench(config, fakeredis.FakeServer())


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Delivery:
    """A request that is right until a test changes it."""

    bench: Bench
    path: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    secret: str | None = None

    def post(self, raw: bytes | None = None, **kwargs: Any) -> Any:
        data = orjson.dumps(self.body) if raw is None else raw
        headers = dict(self.headers)
        if self.secret and "X-Koji-Signature" not in headers:
            digest = hmac.new(self.secret.encode(), data, "sha256").hexdigest()
            headers["X-Koji-Signature"] = digest
        return self.bench.client.post(self.path, data=data, headers=headers, **kwargs)


@pytest.fixture
def cohort(bench: Bench, payload: Callable[[str], Any]) -> Delivery:
    headers = {"Authorization": basic("mixpanel", "first"), "Content-Type": "application/json"}
    return Delivery(bench, "/webhooks/mixpanel/cohorts", payload("cohort_documented"), headers)


@pytest.fixture
def delivery(bench: Bench, payload: Callable[[str], Any]) -> Delivery:
    headers = {"Content-Type": "application/json"}
    return Delivery(bench, "/webhooks/koji", payload("koji_flat"), headers, SECRET)


@pytest.fixture
def people(bench: Bench) -> Delivery:
    row = {"route": "activation", "email": "ann@example.com", "distinct_id": "u-1", "plan": "pro"}
    headers = {"Authorization": "Bearer token-one", "Content-Type": "application/json"}
    return Delivery(bench, "/members", row, headers)


@pytest.fixture(params=["cohort", "delivery", "people"])
def any_sender(request: pytest.FixtureRequest) -> Delivery:
    """Each of the three routes that store something."""
    return copy.copy(request.getfixturevalue(request.param))
