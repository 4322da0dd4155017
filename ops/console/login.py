"""Who may look: a session cookie after the login form, or HTTP Basic; everybody else gets 401.

No cookie is given before the login, and the 401 page is the login form itself.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, g, make_response, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface

from ops.console.csrf import from_our_own_page, refuse_request
from ops.console.passwords import Passwords, signing_key

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.wrappers import Response as AnyResponse

    from ops.console.desk import Desk

COOKIE = "bridge_console"
LIFETIME_SECONDS = 12 * 3600
OPEN_TO_ALL = frozenset({"static", "login.log_in"})
BASIC = "basic"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Visitor:
    """Who asks, and in which session (`basic` for those who send their password each time)."""

    user: str
    session_id: str


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie; marked Secure where the page came over TLS."""

    def get_cookie_secure(self, _: Flask) -> bool:
        """Tell whether the browser talks TLS to us, or to a proxy on this machine."""
        return request.is_secure


def guard(app: Flask, desk: Desk) -> None:
    """Let nobody in without a valid session or password, except to the form and its style."""
    credentials = desk.config.settings.console_credentials
    if credentials is None:
        raise ValueError("the console needs CONSOLE_CREDENTIALS")
    app.secret_key = signing_key(credentials)
    app.session_interface = Sessions()
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LIFETIME_SECONDS,
    )
    passwords = Passwords(credentials, desk.now_seconds)

    @app.before_request
    def admit() -> Response | None:
        if request.endpoint in OPEN_TO_ALL:
            return None
        visitor = _by_session(desk) or _by_basic(passwords)
        if visitor is None:
            wrong = request.authorization is not None
            return _login_page(passwords, wrong=wrong, then=_wanted())
        g.visitor = visitor
        return None

    app.register_blueprint(_make_blueprint(desk, passwords))


def _make_blueprint(desk: Desk, passwords: Passwords) -> Blueprint:
    pages = Blueprint("login", __name__)

    @pages.get("/login")
    def show() -> AnyResponse:
        return redirect(url_for("loop.show"), 303)  # whoever sees this is in already

    @pages.post("/login")
    def log_in() -> AnyResponse:
        if not from_our_own_page():
            refuse_request()
        user, password = request.form.get("user", ""), request.form.get("password", "")
        then = _own_path(request.form.get("then", ""))
        if not passwords.check(user, password):
            return _login_page(passwords, wrong=True, then=then)
        session.clear()
        session.update(user=user, sid=secrets.token_urlsafe(18), at=round(desk.now_seconds()))
        log.info("console_login", who=user)
        return redirect(then, 303)

    @pages.post("/logout")
    def log_out() -> AnyResponse:
        # The cookie could have been copied, so that deleting it would not be enough.
        desk.redis.set(_ended_key(g.visitor.session_id), 1, ex=LIFETIME_SECONDS)
        session.clear()
        log.info("console_logout", who=g.visitor.user)
        return redirect(url_for("loop.show"), 303)

    return pages


def _by_session(desk: Desk) -> Visitor | None:
    sid, user, at = (session.get(name) for name in ("sid", "user", "at"))
    if not sid or not user or not at or desk.now_seconds() - at > LIFETIME_SECONDS:
        return None
    return None if desk.redis.exists(_ended_key(sid)) else Visitor(user, sid)


def _by_basic(passwords: Passwords) -> Visitor | None:
    given = request.authorization
    if given is None or given.type != "basic":
        return None
    user, password = given.username or "", given.password or ""
    return Visitor(user, BASIC) if passwords.check(user, password) else None


def _login_page(passwords: Passwords, *, wrong: bool, then: str) -> Response:
    wait = math.ceil(passwords.wait_seconds())
    if wrong:
        log.warning("console_login_refused", wait_seconds=wait)
    page = render_template("login.html", wrong=wrong, wait_seconds=wait, then=then)
    response = make_response(page, 401)
    # A scheme that browsers do not know, so that they show the form and no dialogue of their own.
    response.headers["WWW-Authenticate"] = 'Session realm="console"'
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def _wanted() -> str:
    """Return the page that was asked for, to go on there after the login."""
    return _own_path(request.full_path.rstrip("?")) if request.method == "GET" else "/"


def _own_path(path: str) -> str:
    """Return a path of ours, never another site's address."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"


def _ended_key(session_id: str) -> str:
    return f"bridge:{{console}}:ended:{session_id}"
