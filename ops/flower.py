"""`python -m ops.flower`: Flower behind a password, on loopback.

Flower shows which tickets run where. Tickets carry a route's name, keys and tokens, so nothing
personal can be seen there.
"""

from __future__ import annotations

from common.celery_app import make_celery
from common.config import load_config_or_exit, refuse_to_start
from common.observability import setup


def main() -> None:
    """Start Flower; ends with code 2 without FLOWER_BASIC_AUTH."""
    settings = load_config_or_exit().settings
    if settings.flower_basic_auth is None:
        refuse_to_start(
            ["FLOWER_BASIC_AUTH: must be user:password; Flower never starts without a password."]
        )
    setup(settings, "flower")
    user, password = settings.flower_basic_auth
    make_celery(settings).start(
        [
            "flower",
            "--address=127.0.0.1",
            f"--port={settings.flower_port}",
            f"--basic-auth={user}:{password}",
            # Only what the password opens: no API without it, no changes to tasks from a page.
            "--enable-events=True",
            "--persistent=False",
            "--logging=none",
        ]
    )


if __name__ == "__main__":
    main()
