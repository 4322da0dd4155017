"""`erase`: removes a person everywhere the bridge holds them, and asks Mixpanel to do so."""

from __future__ import annotations

import sys
from typing import Any

import click

from common.ledger.suppressions import Suppressions, hashes_of
from ops.deletions import COMPLIANCE, DeletionError, Deletions
from ops.erasure import erase_person, find_person
from ops.examples import example
from ops.names import Names
from ops.output import note, print_json, working
from ops.parameters import as_json
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table
from ops.web import Web

WHERE = {
    "cohort_pages": "cohort pages not unpacked yet",
    "results": "interview results not unpacked yet",
    "writes": "results not written yet",
    "profiles": "last profile kept for the order of results",
    "interviews": "interviews that led back to the person",
    "invitations": "invitations, in any state",
    "deliveries": "invitations on their way to the person",
    "people": "times of the last start",
    "aliases": "links between id and address",
}
# Koji's guide and its API reference name no call that deletes somebody (koji.so/docs).
BY_HAND = "Koji documents no API for this: delete the respondent in Koji's dashboard by hand"


@click.command(epilog=example("erase jane@example.com --dry-run", "erase user_12345 --json"))
@click.argument("person", metavar="EMAIL|DISTINCT_ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option(
    "--suppress", is_flag=True, help="Keep a salted hash, so that no route ever asks them again."
)
@click.option(
    "--forget-completely",
    is_flag=True,
    help="Keep no hash at all: the next sync may invite the person again.",
)
@click.option(
    "--mixpanel/--without-mixpanel",
    "ask_mixpanel",
    default=True,
    help="Ask Mixpanel for a deletion, where MIXPANEL_GDPR_TOKEN is set (the default).",
)
@click.option(
    "--mixpanel-id",
    "further",
    multiple=True,
    metavar="DISTINCT_ID",
    help="Have this id deleted too, also if the bridge holds nothing any more; may be repeated.",
)
@click.option(
    "--compliance",
    type=click.Choice(COMPLIANCE, case_sensitive=False),
    default="GDPR",
    show_default=True,
    help="The law that the deletion is asked for under.",
)
@as_json
@with_session
def erase(session: Session, /, person: str, *, yes: bool, as_json: bool, **options: Any) -> None:
    """Remove a person from everything the bridge holds.

    Found by address (in any case) or distinct_id; whatever belongs to the person goes as well:
    the other name, waiting invitations, dead letters, results on their way. What remains is a
    hash for each study they were in, so that the next sync does not invite them again; with
    --suppress no other study does either. Mixpanel is asked to delete the person too;
    `erase-status` tells how far it is. Exits 1 if nothing was found or Mixpanel could not be asked.

    Koji has to be asked by hand. The append-only file of Redis holds old values until it is
    rewritten (BGREWRITEAOF).
    """
    dry_run = options["dry_run"]
    if options["suppress"] and options["forget_completely"]:
        raise click.UsageError("--suppress keeps a hash, --forget-completely keeps none: choose.")
    if sys.stdin.isatty() and not yes and not as_json and not dry_run:
        click.confirm("Erase this person? It cannot be undone.", abort=True, err=True)
    names = Names(session.ledger, person)
    with working("Looking through the ledger", quiet=as_json):
        if dry_run:
            removed = find_person(session.ledger, names)
        else:
            removed = _remove(session, names, person, **options)
    found = any(removed.values())
    if found and not dry_run:  # without a name or a hash: nothing may lead back
        session.note("erase person", "", **{place: n for place, n in removed.items() if n})
    report = {
        "found": found,
        "dry_run": dry_run,
        "removed": removed,
        "kept": _kept(found=found, **options),
        "mixpanel": _mixpanel(session, names, found=found, **options),
        "koji": {"asked": False, "interviews": sorted(names.interviews), "detail": BY_HAND},
    }
    print_json(report) if as_json else _show(report)
    asked = report["mixpanel"]["asked"]
    if report["mixpanel"]["failed"] or not (found or asked):
        raise click.exceptions.Exit(1)


def _remove(session: Session, names: Names, person: str, **options: Any) -> dict[str, int]:
    listed, forget = Suppressions(session.ledger), options["forget_completely"]
    suppress = options["suppress"] and names.hashes
    if suppress:  # at once, so that no page in between brings them back
        listed.add(hashes_of(person), "erased")
    removed = erase_person(session.ledger, names, forget=forget)
    if suppress:
        listed.add([*hashes_of(person), *sorted(names.hashes)], "erased")
    elif forget and names.hashes:
        listed.remove(sorted(names.hashes))
    return removed


def _kept(*, found: bool, suppress: bool, forget_completely: bool, **_: Any) -> str:
    """Say what is left of the person."""
    if suppress:
        return "a salted hash, for all studies"
    return "a hash for each study" if found and not forget_completely else "nothing"


def _mixpanel(session: Session, names: Names, *, found: bool, **options: Any) -> dict[str, Any]:
    """Ask for the deletion; the ids are told, so that it can be asked for again."""
    ids = sorted({*(names.in_mixpanel() if found else ()), *options["further"]})
    report = {"asked": False, "failed": False, "task_id": None, "distinct_ids": ids, "detail": ""}
    if not ids or not options["ask_mixpanel"] or options["dry_run"]:
        return report
    settings = session.config.settings
    try:
        task = Deletions(settings, Web()).ask(ids, options["compliance"].upper())
    except DeletionError as exc:
        return report | {"failed": bool(settings.mixpanel_gdpr_token), "detail": str(exc)}
    session.note("ask for deletion", task)
    return report | {"asked": True, "task_id": task}


def _show(report: dict[str, Any]) -> None:
    if not report["found"]:
        note("Nothing was found.")
    else:
        title = "Would be removed" if report["dry_run"] else "Removed"
        table = make_table(title, "from", "n", numbers=("n",))
        for place, n in report["removed"].items():
            if n:
                add_row(table, WHERE[place], n)
        draw(table)
    mixpanel, koji = report["mixpanel"], report["koji"]
    if mixpanel["asked"]:
        task = mixpanel["task_id"]
        note(f"Mixpanel was asked for a deletion; see: python -m ops erase-status {task}")
    elif mixpanel["distinct_ids"]:
        why = f" ({mixpanel['detail']})" if mixpanel["detail"] else ""
        note(f"Mixpanel was not asked{why}. Its ids: {' '.join(mixpanel['distinct_ids'])}")
    if report["found"]:
        ids = f" (interviews {' '.join(koji['interviews'])})" if koji["interviews"] else ""
        note(f"{koji['detail']}{ids}.")


@click.command("erase-status", epilog=example("erase-status 2fb3f0e0"))
@click.argument("task_id")
@as_json
@with_session
def erase_status(session: Session, task_id: str, *, as_json: bool) -> None:
    """Tell how far a deletion is that Mixpanel was asked for.

    PENDING, STAGING and STARTED take their time, up to weeks; SUCCESS is the end. Exits 1 for
    FAILURE, REVOKED and NOT_FOUND.
    """
    try:
        found = Deletions(session.config.settings, Web()).status(task_id)
    except DeletionError as exc:
        raise click.ClickException(str(exc)) from exc
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['status']} (asked for: {found['requested_at'] or 'not told'})")
    if found["status"] in {"FAILURE", "REVOKED", "NOT_FOUND"}:
        raise click.exceptions.Exit(1)
