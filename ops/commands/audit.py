"""`audit`: who changed what and when."""

from __future__ import annotations

import click

from common.ledger.dead_letters import iso
from ops.examples import example
from ops.output import moment, print_json
from ops.parameters import as_json
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

SHOWN = 50


@click.command(epilog=example("audit", "audit --limit 1000 --json"))
@click.option("--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True)
@as_json
@with_session
def audit(session: Session, *, limit: int, as_json: bool) -> None:
    """List changes by operators, newest first: on the command line and in the console.

    The last thousand are kept. People stand there under a hash, never by name.
    """
    notes, total = session.audit.read(0, limit)
    if as_json:
        print_json(
            [
                {
                    "at": iso(note.at_ms),
                    "who": note.who,
                    "what": note.what,
                    "on": note.on,
                    "details": note.details,
                }
                for note in notes
            ]
        )
        return
    if not notes:
        click.echo("No changes yet.")
        return
    table = make_table("", "at", "who", "what", "on", "details", whole=("on",))
    for note in notes:
        details = ", ".join(f"{name} {value}" for name, value in note.details.items())
        add_row(table, moment(note.at_ms), note.who, note.what, note.on, details)
    draw(table)
    if total > len(notes):
        click.echo(f"{total - len(notes):,} older ones: --limit {total}", err=True)
