"""`python -m ops.console`: the web page for operators, on the environment alone."""

from __future__ import annotations

from common.config import load_config_or_exit, refuse_to_start
from common.observability import setup
from common.start_up import refuse_newer_ledger
from ops.console.server import Server


def main() -> None:
    """Serve until told to stop; exits with code 2 if the configuration is wrong."""
    config = load_config_or_exit()
    if config.settings.console_credentials is None:
        refuse_to_start(
            ["CONSOLE_CREDENTIALS: must be user:password; no console without a password."]
        )
    setup(config.settings, "console")
    refuse_newer_ledger(config.settings)
    Server(config).run()


if __name__ == "__main__":
    main()
