"""make_app: the console's Flask application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from ops.console import audit, bulk, letters, loop, person, routes
from ops.console.csrf import demand_tokens
from ops.console.failures import answer_failures
from ops.console.headers import add_headers
from ops.console.login import guard
from ops.console.texts import add_filters

if TYPE_CHECKING:
    from ops.console.desk import Desk


def make_app(desk: Desk) -> Flask:
    """Build the app; nothing is sent to Redis before the first request."""
    app = Flask("ops.console")
    app.config["MAX_CONTENT_LENGTH"] = desk.config.settings.max_body_bytes
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    answer_failures(app)
    add_headers(app)
    add_filters(app)
    guard(app, desk)
    demand_tokens(app)
    for pages in (loop, letters, bulk, person, routes, audit):
        app.register_blueprint(pages.make_blueprint(desk))
    return app
