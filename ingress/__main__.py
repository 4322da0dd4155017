"""`python -m ingress`: the web process, on the environment alone."""

from __future__ import annotations

from common import lean  # noqa: F401 - before what it keeps small
from common.config import load_config_or_exit
from common.observability import setup
from common.start_up import refuse_newer_ledger
from ingress.server import Server


def main() -> None:
    """Serve until told to stop; exits with code 2 if the configuration is wrong."""
    config = load_config_or_exit()
    setup(config.settings, "ingress")
    refuse_newer_ledger(config.settings)
    Server(config).run()


if __name__ == "__main__":
    main()
