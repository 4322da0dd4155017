"""The group of all commands; each lives in a file of its own in `ops/commands`."""

from __future__ import annotations

import click

from ops.examples import example
from ops.lazy_commands import LazyCommands, LazyGroup, Place

# A test compares each summary with the command's own first sentence.
COMMANDS = {
    "audit": Place(
        "ops.commands.audit:audit",
        "List changes by operators, newest first: on the command line and in the console.",
    ),
    "cohort": Place(
        "ops.commands.cohort:cohort",
        "Bring in cohort members without a webhook, or write files of them for Koji.",
    ),
    "dead-letters": Place(
        "ops.commands.dead_letters:dead_letters",
        "Look at what could not be done, and replay or drop it.",
    ),
    "doctor": Place(
        "ops.commands.doctor:doctor", "Check Redis, credentials, routes, clocks and workers."
    ),
    "erase": Place("ops.commands.erase:erase", "Remove a person from everything the bridge holds."),
    "erase-status": Place(
        "ops.commands.erase:erase_status",
        "Tell how far a deletion is that Mixpanel was asked for.",
    ),
    "pause": Place("ops.commands.routes:pause", "Stop a ROUTE: its people wait."),
    "plan": Place(
        "ops.commands.plan:plan", "Say what the members in FILE would do, sending nothing."
    ),
    "resume": Place("ops.commands.routes:resume", "Let a ROUTE go on, within a second."),
    "send-test": Place(
        "ops.commands.send_test:send_test", "Send ingress a signed sample, as PARTNER would."
    ),
    "status": Place(
        "ops.commands.status:status", "Show what waits, what is done, and how long it will take."
    ),
    "suppress": Place(
        "ops.commands.suppress:suppress",
        "Keep people from ever being asked again, on any route, also who waits already.",
    ),
}


@click.group(
    cls=LazyGroup,
    commands=LazyCommands(COMMANDS),
    epilog=example("status", "dead-letters list --since 1h", "doctor"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Look after the bridge between Mixpanel and Koji.

    Settings come from the environment and from .env in the current folder, as for every other
    process of the bridge. Every command takes --json. Exit codes: 0 all is well, 1 a problem was
    found or nothing matched, 2 wrong usage or configuration.
    """
