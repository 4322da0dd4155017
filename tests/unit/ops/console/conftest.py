"""The console on a ledger in memory, seen through Flask's client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from common.config import load_config
from ops.console.app import make_app
from ops.console.desk import Desk
from tests.unit.ops.conftest import NOON_MS

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from common.config import Config
    from common.ledger import Ledger

USER, PASSWORD = "ada", "pass:wörd"
LOGIN = {"user": USER, "password": PASSWORD}


@dataclass
class WallClock:
    """Unix seconds that only move when a test says so."""

    now: float = NOON_MS / 1000

    def __call__(self) -> float:
        return self.now


class Visitor:
    """Somebody at the console; changes carry the token that the page gave."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="(\w+)"', self.get("/person").text)
        assert found
        return found[1]

    def post(self, path: str, *, follow: bool = True, **fields: Any) -> TestResponse:
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(path, data=data, follow_redirects=follow)


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "CONSOLE_CREDENTIALS": f"{USER}:{PASSWORD}"}


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return load_config(environ)


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def desk(config: Config, ledger: Ledger, wall: WallClock) -> Desk:
    return Desk(config, ledger, wall)


@pytest.fixture
def app(desk: Desk) -> Flask:
    return make_app(desk)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """Somebody who has not logged in."""
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has."""
    client = app.test_client()
    assert client.post("/login", data=LOGIN).status_code == 303
    return Visitor(client)


def visible(page: str) -> str:
    """Return a page's text without its tags, white space joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
