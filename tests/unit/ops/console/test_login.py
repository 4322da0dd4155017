"""Who may look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fakeredis
import pytest

from common.config import load_config
from common.ledger import Ledger
from ops.console.app import make_app
from ops.console.desk import Desk
from ops.console.login import LIFETIME_SECONDS
from ops.console.passwords import MOST_WRONG, WINDOW_SECONDS, signing_key
from tests.unit.ops.console.conftest import LOGIN, PASSWORD, USER, Visitor, visible

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.unit.ops.console.conftest import WallClock

PATHS = ("/", "/loop.json", "/dead-letters", "/dead-letters/letter?id=x", "/person", "/routes")


@pytest.mark.parametrize("path", [*PATHS, "/audit", "/login", "/no-such-page"])
def test_without_a_session_every_page_is_401_and_the_login_form(
    stranger: FlaskClient, path: str
) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert 'name="password"' in answer.text
    assert "Log out" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["WWW-Authenticate"].startswith("Session ")


@pytest.mark.parametrize(
    "path", ["/logout", "/dead-letters/confirm", "/person", "/person/erase", "/routes/pause", "/x"]
)
def test_without_a_session_every_change_is_401(stranger: FlaskClient, path: str) -> None:
    assert stranger.post(path, data={"who": "x"}).status_code == 401


def test_the_style_of_the_login_form_needs_no_session(stranger: FlaskClient) -> None:
    with stranger.get("/static/console.css") as answer:
        assert answer.status_code == 200


def test_a_login_leads_to_the_page_that_was_wanted(stranger: FlaskClient) -> None:
    form = stranger.get("/dead-letters?lane=writes").text
    assert 'name="then" value="/dead-letters?lane=writes"' in form
    answer = stranger.post("/login", data={**LOGIN, "then": "/dead-letters?lane=writes"})
    assert (answer.status_code, answer.location) == (303, "/dead-letters?lane=writes")
    assert stranger.get("/").status_code == 200
    assert stranger.get("/login").location == "/"


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil", "/a\r\nb"])
def test_a_login_never_leads_elsewhere(stranger: FlaskClient, then: str) -> None:
    assert stranger.post("/login", data={**LOGIN, "then": then}).location == "/"


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("eve", PASSWORD), ("", ""), (PASSWORD, USER)]
)
def test_wrong_credentials_are_401_and_say_so(
    stranger: FlaskClient, user: str, password: str
) -> None:
    answer = stranger.post("/login", data={"user": user, "password": password})
    assert answer.status_code == 401
    assert "User or password is wrong" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_cookie_is_kept_from_scripts_and_other_sites(stranger: FlaskClient) -> None:
    cookie = stranger.post("/login", data=LOGIN).headers["Set-Cookie"]
    assert cookie.startswith("bridge_console=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    over_tls = stranger.post("/login", data=LOGIN, base_url="https://console.example")
    assert "; Secure" in over_tls.headers["Set-Cookie"]


def test_basic_authentication_is_accepted_beside_the_session(stranger: FlaskClient) -> None:
    assert stranger.get("/loop.json", auth=(USER, PASSWORD)).status_code == 200
    refused = stranger.get("/loop.json", auth=(USER, "wrong"))
    assert refused.status_code == 401
    bearer = {"Authorization": f"Bearer {PASSWORD}"}
    assert stranger.get("/loop.json", headers=bearer).status_code == 401


def test_after_ten_wrong_passwords_nothing_is_tried_for_a_while(
    stranger: FlaskClient, visitor: Visitor, wall: WallClock
) -> None:
    for _ in range(MOST_WRONG):
        stranger.post("/login", data={**LOGIN, "password": "wrong"})
    refused = stranger.post("/login", data=LOGIN)
    assert refused.status_code == 401
    assert "Too many wrong passwords" in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert stranger.get("/", auth=(USER, PASSWORD)).status_code == 401
    assert visitor.get("/").status_code == 200, "who is in stays in"
    wall.now += WINDOW_SECONDS + 1
    assert stranger.post("/login", data=LOGIN).status_code == 303


def test_a_session_ends_after_twelve_hours(visitor: Visitor, wall: WallClock) -> None:
    wall.now += LIFETIME_SECONDS - 1
    assert visitor.get("/").status_code == 200
    wall.now += 2
    assert visitor.get("/").status_code == 401


def test_a_logout_ends_the_session_even_for_a_copy_of_its_cookie(
    app: Flask, visitor: Visitor
) -> None:
    cookie = visitor.client.get_cookie("bridge_console")
    assert cookie is not None
    assert visitor.post("/logout", follow=False).status_code == 303
    assert visitor.get("/").status_code == 401
    thief = app.test_client()
    thief.set_cookie("bridge_console", cookie.value)
    assert thief.get("/").status_code == 401


def test_a_cookie_that_was_signed_with_other_credentials_is_worth_nothing(
    visitor: Visitor, environ: dict[str, str]
) -> None:
    cookie = visitor.client.get_cookie("bridge_console")
    assert cookie is not None
    rotated = load_config({**environ, "CONSOLE_CREDENTIALS": f"{USER}:another"})
    other = make_app(Desk(rotated, Ledger(fakeredis.FakeRedis()))).test_client()
    other.set_cookie("bridge_console", cookie.value)
    assert other.get("/").status_code == 401
    assert signing_key((USER, "a")) != signing_key((USER, "b"))


def test_an_app_without_credentials_cannot_be_made(environ: dict[str, str]) -> None:
    del environ["CONSOLE_CREDENTIALS"]
    with pytest.raises(ValueError, match="CONSOLE_CREDENTIALS"):
        make_app(Desk(load_config(environ), Ledger(fakeredis.FakeRedis())))


def test_every_page_names_who_is_in(visitor: Visitor) -> None:
    assert "Log out , ada" in visible(visitor.get("/").text)
