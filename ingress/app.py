"""make_app: the Flask application from its collaborators."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Flask

from ingress import correlation, health, koji, members, metrics, mixpanel
from ingress.answers import answer_failures, plain_failure
from ingress.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from common.ledger import Ledger


class Ingress(Flask):
    """Flask, whose every function here is known to be no coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; Flask would look at each for each request, which takes time."""
        return func


def make_app(
    config: Config,
    ledger: Ledger,
    wake: Callable[[], None],
    *,
    fleet_metrics: Callable[[], str] = str,
    now_seconds: Callable[[], float] = time.time,
) -> Flask:
    """Build the app; nothing is sent to Redis before the first request.

    `wake` tells a worker of new payloads; `fleet_metrics` returns Prometheus text to append.
    """
    app = Ingress("ingress", static_folder=None)
    # A slash too many in an address that Mixpanel does not let anybody edit; and no redirects,
    # which senders do not follow with a POST.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    correlation.watch(app)
    metrics.watch(app)
    answer_failures(app, "ingress", plain_failure)
    storage = Storage(ledger, wake)
    app.register_blueprint(mixpanel.make_blueprint(config, storage, now_seconds))
    app.register_blueprint(koji.make_blueprint(config.settings, storage, now_seconds))
    if config.settings.members_api_tokens:  # none = the route is off
        app.register_blueprint(members.make_blueprint(config, storage, now_seconds))
    app.register_blueprint(
        health.make_blueprint(
            ledger.redis,
            several_processes=config.settings.web_concurrency > 1,
            extra=fleet_metrics,
        )
    )
    return app
