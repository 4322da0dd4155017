"""Pages for what cannot be shown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import fakeredis

from common.ledger import Ledger
from ops.console.app import make_app
from ops.console.desk import Desk
from tests.unit.ops.console.conftest import LOGIN, visible

if TYPE_CHECKING:
    import pytest
    from flask import Flask

    from common.config import Config
    from tests.unit.ops.console.conftest import Visitor


def test_while_redis_is_away_a_page_says_so_and_comes_back_by_itself(config: Config) -> None:
    server = fakeredis.FakeServer()
    client = make_app(Desk(config, Ledger(fakeredis.FakeRedis(server=server)))).test_client()
    server.connected = False
    assert client.get("/").status_code == 401, "a stranger learns nothing"
    assert client.post("/login", data=LOGIN).status_code == 303
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Redis does not answer" in answer.text
    assert '<meta http-equiv="refresh" content="5">' in answer.text
    assert client.get("/loop.json").status_code == 503
    server.connected = True
    assert client.get("/").status_code == 200


def test_an_unknown_page_says_so(visitor: Visitor) -> None:
    answer = visitor.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


def test_a_wrong_method_says_so(visitor: Visitor) -> None:
    assert visitor.get("/person/erase").status_code == 405


def test_a_file_that_is_too_large_says_so(app: Flask, visitor: Visitor) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    file = (io.BytesIO(b"email\n" + b"a@example.com\n" * 200), "members.csv")
    answer = visitor.client.post("/routes/plan", data={"route": "activation", "file": file})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_a_bug_shows_nothing_of_itself(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("jane@example.com")

    monkeypatch.setattr("ops.console.loop.see", broken)
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "This page failed" in visible(answer.text)
    assert "jane" not in answer.text
