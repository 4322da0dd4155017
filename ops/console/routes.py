"""Routes: their settings, pause and resume, and the plan of an uploaded cohort."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from common.errors import BadPayloadError
from common.ledger.pauses import MIXPANEL
from common.result_names import DEFAULT_NAMES, ResultNames
from common.routes import Route
from ops.foresight import NOBODY
from ops.handing_over import handing_over, mail_kind
from ops.member_files import read_bytes
from ops.planning import TOLD, make_plan

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from ops.console.desk import Desk

REASON_CHARS = 200


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the pages."""
    pages = Blueprint("routes", __name__)

    @pages.get("/routes")
    def show() -> str:
        pauses = desk.pauses.all()
        names = [*(route.name for route in desk.config.routes), MIXPANEL]
        gone = sorted(desk.ledger.sublanes() - set(names))
        return render_template(
            "routes.html",
            routes=[(route, _settings(desk, route)) for route in desk.config.routes],
            gone=gone,
            pauses=pauses,
            mixpanel=MIXPANEL,
        )

    @pages.post("/routes/pause")
    def pause() -> Response:
        name = _known(desk)
        reason = request.form.get("reason", "").strip()[:REASON_CHARS]
        changed = desk.pauses.pause(name, reason or f"paused in the console by {g.visitor.user}")
        if changed:
            desk.audit.note(g.visitor.user, "pause", name)
        flash(f"{name} is paused." if changed else f"{name} was paused already.", "good")
        return redirect(url_for("routes.show"), 303)

    @pages.post("/routes/resume")
    def resume() -> Response:
        name = _known(desk)
        changed = desk.pauses.resume(name)
        if changed:
            desk.audit.note(g.visitor.user, "resume", name)
        flash(f"{name} goes on." if changed else f"{name} was not paused.", "good")
        return redirect(url_for("routes.show"), 303)

    @pages.post("/routes/plan")
    def plan() -> str | Response:
        route = desk.config.routes.named(request.form.get("route", ""))
        file = request.files.get("file")
        if route is None:
            abort(404, "There is no such route in routes.toml.")
        if file is None or not file.filename:
            flash("Choose a file first.", "warn")
            return redirect(url_for("routes.show"), 303)
        try:
            members = read_bytes(file.read())
        except BadPayloadError as exc:
            flash(f"The file could not be read: {exc}.", "bad")
            return redirect(url_for("routes.show"), 303)
        made = make_plan(desk.config, desk.ledger, route, members)
        return render_template(
            "plan.html",
            plan=made,
            handing_over=handing_over(route),
            without=TOLD[NOBODY],
            now_ms=desk.ledger.now_ms(),
        )

    return pages


def _known(desk: Desk) -> str:
    """Return the route that a form names, also one that is gone; 404 if there never was one."""
    name = request.form.get("route", "")
    known = {route.name for route in desk.config.routes} | desk.ledger.sublanes() | {MIXPANEL}
    if name not in known:
        abort(404, "There is no such route.")
    return name


def _settings(desk: Desk, route: Route) -> dict[str, Any]:
    """Return a route's settings as routes.toml has them; the key's name, never the key."""
    values = {one.name: getattr(route, one.name) for one in fields(Route) if one.name != "name"}
    values["rate_limit"] = f"{desk.config.rate_limit(route)}"
    if route.rate_limit is None:
        values["rate_limit"] += " (KOJI_RATE_LIMIT)"
    if route.max_invites is not None:
        values["max_invites"] = f"{route.max_invites.count}/{route.max_invites.unit}"
    for name in ("properties", "profile_answers"):
        values[name] = ", ".join(values[name]) or None
    values["names"] = _renamed(route) or None
    values["deliver"], values["mail"] = handing_over(route), mail_kind(route)
    values["webhook"] = None  # its host is told with `deliver`; the rest of the URL may be secret
    values["exclude"] = len(route.exclude) or None  # they may be addresses
    return {name: _written(value) for name, value in values.items() if value is not None}


def _renamed(route: Route) -> str:
    """Return what Mixpanel is told under another name than ours."""
    pairs = ((one.name, getattr(route.names, one.name)) for one in fields(ResultNames))
    return ", ".join(
        f"{name} = {own}" for name, own in pairs if own != getattr(DEFAULT_NAMES, name)
    )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
