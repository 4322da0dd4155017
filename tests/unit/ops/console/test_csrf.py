"""Changes come from our own pages or not at all."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.unit.ops.console.conftest import LOGIN, PASSWORD, USER, Visitor

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from ops.console.desk import Desk

CHANGES = (
    *("/routes/pause", "/routes/resume", "/routes/plan", "/person", "/person/erase", "/logout"),
    *("/dead-letters/confirm", "/dead-letters/carry-out", "/dead-letters/reveal"),
)
PAUSE = {"route": "activation", "reason": "x"}


def test_the_list_of_changes_is_complete(app: Flask) -> None:
    found = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert found == {*CHANGES, "/login"}


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", [None, "", "0" * 64, "ünlike"])
def test_a_change_without_the_right_token_is_refused(
    visitor: Visitor, path: str, token: str | None
) -> None:
    data = {} if token is None else {"csrf_token": token}
    answer = visitor.client.post(path, data={**PAUSE, **data})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


def test_a_refused_change_changes_nothing(visitor: Visitor, desk: Desk) -> None:
    visitor.client.post("/routes/pause", data=PAUSE)
    assert desk.pauses.all() == {}
    visitor.post("/routes/pause", **PAUSE)
    assert set(desk.pauses.all()) == {"activation"}


def test_the_token_may_come_as_a_header(visitor: Visitor) -> None:
    headers = {"X-CSRF-Token": visitor.token()}
    assert visitor.client.post("/routes/pause", data=PAUSE, headers=headers).status_code == 303


def test_a_token_of_another_session_is_worth_nothing(app: Flask, visitor: Visitor) -> None:
    client = app.test_client()
    client.post("/login", data=LOGIN)
    other = Visitor(client).token()
    assert other != visitor.token()
    answer = visitor.client.post("/routes/pause", data={**PAUSE, "csrf_token": other})
    assert answer.status_code == 403


def test_basic_authentication_needs_a_token_too(stranger: FlaskClient) -> None:
    stranger.environ_base["HTTP_AUTHORIZATION"] = _basic()
    assert stranger.post("/routes/pause", data=PAUSE).status_code == 403
    token = Visitor(stranger).token()
    answer = stranger.post("/routes/pause", data={**PAUSE, "csrf_token": token})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost"}, 303),
    ],
)
def test_other_sites_are_refused_even_with_a_token_or_the_password(
    visitor: Visitor, stranger: FlaskClient, headers: dict[str, str], status: int
) -> None:
    data = {**PAUSE, "csrf_token": visitor.token()}
    assert visitor.client.post("/routes/pause", data=data, headers=headers).status_code == status
    assert stranger.post("/login", data=LOGIN, headers=headers).status_code == status


def _basic() -> str:
    return "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
