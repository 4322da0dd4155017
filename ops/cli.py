"""The group of all commands; each lives in a file of its own in `ops/commands`."""

from __future__ import annotations

import click

from ops.commands.audit import audit
from ops.commands.cohort import cohort
from ops.commands.dead_letters import dead_letters
from ops.commands.doctor import doctor
from ops.commands.erase import erase, erase_status
from ops.commands.plan import plan
from ops.commands.routes import pause, resume
from ops.commands.send_test import send_test
from ops.commands.status import status
from ops.commands.suppress import suppress
from ops.parameters import example


@click.group(
    epilog=example("status", "dead-letters list --since 1h", "doctor"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Look after the bridge between Mixpanel and Koji.

    Settings come from the environment and from .env in the current folder, as for every other
    process of the bridge. Every command takes --json. Exit codes: 0 all is well, 1 a problem was
    found or nothing matched, 2 wrong usage or configuration.
    """


for _command in (
    *(status, dead_letters, doctor, plan, cohort),
    *(pause, resume, suppress, erase, erase_status, audit, send_test),
):
    cli.add_command(_command)
