"""Headers of every answer: what a browser may do with it, which is little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

# `connect-src` is for the live figures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with that, browsers hide the origin of our own forms from us as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_headers(app: Flask) -> None:
    """Add them to whatever is answered."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(HEADERS)
        style = request.endpoint == "static"
        response.headers["Cache-Control"] = "no-cache" if style else "no-store"
        return response
