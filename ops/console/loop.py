"""The loop at a glance, live: the page, and its figures as JSON for the page's script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, render_template

from ops.console.loop_view import ALL_WELL, see

if TYPE_CHECKING:
    from flask import Response

    from ops.console.desk import Desk


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the page and its figures."""
    pages = Blueprint("loop", __name__)

    @pages.get("/")
    def show() -> str:
        now: dict[str, Any] = see(desk)
        return render_template("loop.html", now=now, all_well=ALL_WELL)

    @pages.get("/loop.json")
    def figures() -> Response:
        return jsonify(see(desk))

    return pages
