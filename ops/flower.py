"""`python -m ops.flower`: Flower behind a password, on loopback unless FLOWER_HOST says more.

Flower shows which tickets run where. Tickets carry a route's name, keys and tokens, so nothing
personal can be seen there.
"""

from __future__ import annotations

from common import lean  # noqa: F401 - before what it keeps small

# isort: split
from flower.views.monitor import Healthcheck, Metrics
from tornado.web import authenticated

from common.celery_app import make_celery
from common.config import load_config_or_exit, refuse_to_start
from common.observability import setup


def _guard_open_pages() -> None:
    """Ask for the password on every page: Flower itself leaves these two open.

    https://github.com/mher/flower/issues/1342
    """
    for page in (Metrics, Healthcheck):
        page.get = authenticated(page.get)


def main() -> None:
    """Start Flower; ends with code 2 without FLOWER_BASIC_AUTH."""
    settings = load_config_or_exit().settings
    if settings.flower_basic_auth is None:
        refuse_to_start(
            ["FLOWER_BASIC_AUTH: must be user:password; Flower never starts without a password."]
        )
    setup(settings, "flower")
    _guard_open_pages()
    user, password = settings.flower_basic_auth
    make_celery(settings).start(
        [
            "flower",
            f"--address={settings.flower_host}",
            f"--port={settings.flower_port}",
            f"--basic-auth={user}:{password}",
            # Only what the password opens: no API without it, no changes to tasks from a page.
            "--enable-events=True",
            "--persistent=False",
            # Tickets carry no personal data, so their arguments (route, keys) may be seen.
            "--tasks-columns=name,uuid,state,received,runtime,worker,args",
            "--logging=none",
        ]
    )


if __name__ == "__main__":
    main()
