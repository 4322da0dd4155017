"""`python -m ops.flower`: Flower behind a password, on loopback unless FLOWER_HOST says more.

Flower shows which tickets run where. Tickets carry a route's name, keys and tokens, so nothing
personal can be seen there.
"""

from __future__ import annotations

from common import lean  # noqa: F401 - before what it keeps small

# isort: split
import click
from celery.bin.base import CLIContext
from flower.command import flower
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
    context = CLIContext(make_celery(settings), no_color=True, workdir=None, quiet=True)
    flower.main(
        [
            f"--address={settings.flower_host}",
            f"--port={settings.flower_port}",
            f"--basic-auth={user}:{password}",
            # Only what the password opens: no API without it, no changes to tasks from a page.
            "--enable-events=True",
            "--persistent=False",
            # Tickets carry no personal data, so their arguments (route, keys) may be seen.
            "--tasks-columns=name,uuid,state,received,runtime,worker,args",
            "--logging=none",
        ],
        prog_name="flower",
        standalone_mode=False,
        obj=context,
        # In the place of Celery's command line, which imports a shell that nobody sees here.
        parent=click.Context(click.Group("celery")),
    )


if __name__ == "__main__":
    main()
