"""`suppress`: the list of people who must never be asked again."""

from __future__ import annotations

from dataclasses import asdict

import click

from common.ledger.dead_letters import iso
from common.ledger.suppressions import Suppressions, hashes_of
from ops.examples import example
from ops.lazy_commands import FullGroup
from ops.output import moment, note, print_json
from ops.parameters import as_json
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

BY_HAND = "by the operator"
REASON_CHARS = 200


@click.group(
    cls=FullGroup, epilog=example("suppress add jane@example.com --reason 'asked by phone'")
)
def suppress() -> None:
    """Keep people from ever being asked again, on any route, also who waits already."""


@suppress.command(epilog=example("suppress add jane@example.com", "suppress add user_12345"))
@click.argument("person", metavar="EMAIL|DISTINCT_ID")
@click.option("--reason", default=BY_HAND, show_default=True, help="Shown in the list; no names.")
@as_json
@with_session
def add(session: Session, person: str, *, reason: str, as_json: bool) -> None:
    """Put a person on the list, which keeps only hashes.

    Whoever waits is not called any more, and counted as cancelled: suppressed.
    """
    names = hashes_of(person)
    if not names:
        raise click.ClickException("This names nobody: give an e-mail address or a distinct_id.")
    if "@" in reason or len(reason) > REASON_CHARS:
        raise click.ClickException(
            f"A reason must name nobody (no @) and have at most {REASON_CHARS} characters."
        )
    changed = Suppressions(session.ledger).add(names, reason)
    if changed:
        session.note("suppress", "")
    if as_json:
        print_json({"suppressed": True, "changed": changed})
    else:
        click.echo("On the list." if changed else "Was on the list already.")


@suppress.command(epilog=example("suppress remove jane@example.com"))
@click.argument("person", metavar="EMAIL|DISTINCT_ID|ID")
@as_json
@with_session
def remove(session: Session, person: str, *, as_json: bool) -> None:
    """Take a person off the list, told by name or by the id that the list shows.

    The next sync brings them again. Exits 1 if they were not on it.
    """
    changed = Suppressions(session.ledger).remove(hashes_of(person), person.strip())
    if changed:
        session.note("unsuppress", "")
    if as_json:
        print_json({"suppressed": False, "changed": changed})
    else:
        note("Taken off the list." if changed else "Not on the list.")
    if not changed:
        raise click.exceptions.Exit(1)


@suppress.command("list", epilog=example("suppress list --json"))
@as_json
@with_session
def show(session: Session, *, as_json: bool) -> None:
    """Show the list: hashes, since when, and why."""
    found = Suppressions(session.ledger).all()
    if as_json:
        print_json([{**asdict(one), "at": iso(one.at)} for one in found])
        return
    if not found:
        click.echo("Nobody is on the list.")
        return
    table = make_table("Suppressed", "id", "since", "reason", whole=("id",))
    for one in found:
        add_row(table, one.id, moment(one.at), one.reason)
    draw(table)
