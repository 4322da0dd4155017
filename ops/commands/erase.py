"""`erase`: removes a person everywhere the bridge holds them."""

from __future__ import annotations

import sys

import click

from common.ledger.suppressions import Suppressions, hashes_of
from ops.erasure import erase_person
from ops.names import Names
from ops.output import add_row, make_console, make_table, note, print_json, working
from ops.parameters import as_json, example
from ops.session import Session, with_session

WHERE = {
    "cohort_pages": "cohort pages not unpacked yet",
    "results": "interview results not unpacked yet",
    "writes": "results not written yet",
    "profiles": "last profile kept for the order of results",
    "interviews": "interviews that led back to the person",
    "invitations": "invitations, in any state",
    "people": "times of the last start",
    "aliases": "links between id and address",
}


@click.command(epilog=example("erase jane@example.com", "erase user_12345 --json"))
@click.argument("person", metavar="EMAIL|DISTINCT_ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--suppress", is_flag=True, help="Keep a salted hash, so that no route ever asks them again."
)
@as_json
@with_session
def erase(session: Session, person: str, *, yes: bool, suppress: bool, as_json: bool) -> None:
    """Remove a person from everything the bridge holds.

    Found by address (in any case) or distinct_id; whatever belongs to the person goes as well:
    the other name, waiting invitations, dead letters, results on their way. What remains is a
    hash for each study they were in, so that the next sync does not invite them again; with
    --suppress no other study does either. Exits 1 if nothing was found.

    Koji and Mixpanel hold data of their own; erase there as well. The append-only file of Redis
    holds old values until it is rewritten (BGREWRITEAOF).
    """
    if sys.stdin.isatty() and not yes and not as_json:
        click.confirm("Erase this person? It cannot be undone.", abort=True, err=True)
    names, listed = Names(session.ledger, person), Suppressions(session.ledger)
    if suppress and names.hashes:  # at once, so that no page in between brings them back
        listed.add(hashes_of(person), "erased")
    with working("Looking through the ledger", quiet=as_json):
        removed = erase_person(session.ledger, names)
    if suppress and names.hashes:
        listed.add([*hashes_of(person), *sorted(names.hashes)], "erased")
    found = any(removed.values())
    if found:  # without a name or a hash: nothing may lead back
        session.note("erase person", "", **{place: n for place, n in removed.items() if n})
    if as_json:
        print_json({"found": found, "removed": removed})
    elif found:
        table = make_table("Removed", "from", "n", numbers=("n",))
        for place, n in removed.items():
            if n:
                add_row(table, WHERE[place], n)
        make_console().print(table)
        note("Koji and Mixpanel hold data of their own; erase the person there as well.")
    else:
        note("Nothing was found.")
    if not found:
        raise click.exceptions.Exit(1)
