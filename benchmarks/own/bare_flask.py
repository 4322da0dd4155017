"""The floor of ingress: a Flask view that returns a constant, under the very same server."""

from __future__ import annotations

from flask import Flask, Response, request

from benchmarks.own.webhooks import PATH
from common.config import load_config_or_exit
from ingress.server import Server


class BareServer(Server):
    """Ingress's gunicorn with another app."""

    def load(self) -> Flask:
        """Build the constant view."""
        app = Flask("bare", static_folder=None)

        @app.post(PATH)
        def constant() -> Response:
            request.get_data()  # else gunicorn throws the body away, which costs more
            return Response(b'{"status":"accepted"}', mimetype="application/json")

        return app


if __name__ == "__main__":
    BareServer(load_config_or_exit()).run()
