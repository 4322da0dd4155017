"""`dead-letters replay` and `dead-letters drop`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from common.ledger.dead_letters import Filters, Letter
from ops.examples import example
from ops.output import print_json, progress
from ops.parameters import Pace, as_json, letter_filters
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.rates import Rate

NO_LONGER_DEAD = "is no longer dead"


@click.command(
    epilog=example(
        "dead-letters replay invitations:Yx3k9Q0aBcD.t5Zr8LmN",
        "dead-letters replay --all --reason exhausted --rate 30/minute",
    )
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All letters that the filters choose.")
@letter_filters
@click.option("--dry-run", is_flag=True, help="Only count; nothing is changed.")
@click.option("--rate", type=Pace(), help="Spread them out, such as 30/minute.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@with_session
def replay(
    session: Session,
    ids: tuple[str, ...],
    *,
    everything: bool,
    lane: str | None,
    reason: str,
    route: str,
    since: int,
    dry_run: bool,
    rate: Rate | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Put dead letters back to work with a fresh budget: those named by ID, or --all.

    People whose start is in doubt (reason `ambiguous`) are only replayed when named by ID or
    --reason, because they may have been started already.
    """
    filters = Filters(lane or "", reason, route, since)
    if bool(ids) == everything:
        raise click.UsageError("Name IDs or --all, one of the two.")
    if ids and filters != Filters():
        raise click.UsageError("Filters go with --all, not with IDs.")
    skipped: list[dict[str, str]] = []
    if everything:
        found = list(session.dead_letters.find(filters))
    else:
        found = _named(session, ids, skipped)
    letters = []
    for letter in found:
        bulk = everything and not reason
        hindrance = session.dead_letters.hindrance(letter, bulk=bulk)
        if hindrance:
            skipped.append({"id": letter.id, "why": hindrance})
        else:
            letters.append(letter)
    replayed: list[str] = []
    if letters and not dry_run:
        if everything and not yes and not as_json:
            click.confirm(f"Replay {len(letters):,} dead letters?", abort=True, err=True)
        spacing_ms = 1000 / rate.per_second if rate else 0
        steps = session.dead_letters.replay(letters, spacing_ms)
        steps = progress(steps, "Replaying", len(letters), quiet=as_json)
        try:
            _work(steps, replayed, skipped)
        finally:  # also of what was cut short in the middle
            _note(session, "replay", letters, replayed)
    done = {"matched": len(found), "replayed": len(replayed), "skipped": skipped}
    _tell(
        done,
        f"{len(letters):,} would be replayed" if dry_run else f"{len(replayed):,} replayed",
        as_json,
    )


@click.command(epilog=example("dead-letters drop invitations:Yx3k9Q0aBcD.t5Zr8LmN"))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@as_json
@with_session
def drop(session: Session, ids: tuple[str, ...], *, as_json: bool) -> None:
    """Give dead letters up for good. A person dropped is not invited to this study again."""
    skipped: list[dict[str, str]] = []
    found = _named(session, ids, skipped)
    dropped: list[str] = []
    try:
        _work(session.dead_letters.drop(found), dropped, skipped)
    finally:
        _note(session, "drop", found, dropped)
    done = {"matched": len(found), "dropped": len(dropped), "skipped": skipped}
    _tell(done, f"{len(dropped):,} dropped", as_json)


def _named(session: Session, ids: Iterable[str], skipped: list[dict[str, str]]) -> list[Letter]:
    """Return the letters of these ids; notes what the other ids stand for."""
    letters = []
    for letter_id in dict.fromkeys(ids):
        letter = session.dead_letters.get(letter_id)
        if letter is None:
            skipped.append({"id": letter_id, "why": session.dead_letters.why_not(letter_id)})
        else:
            letters.append(letter)
    return letters


def _work(
    steps: Iterable[tuple[Letter, bool]], done: list[str], skipped: list[dict[str, str]]
) -> None:
    for letter, was_dead in steps:
        if was_dead:
            done.append(letter.id)
        else:
            skipped.append({"id": letter.id, "why": NO_LONGER_DEAD})


def _note(session: Session, what: str, asked: list[Letter], done: list[str]) -> None:
    if asked:
        on = asked[0].id if len(asked) == 1 else ""
        session.note(f"{what} dead letters", on, done=len(done), asked=len(asked))


def _tell(done: dict[str, Any], what: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Print what was done; exits with 1 if nothing matched."""
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done['matched']:,} matched, {what}, {len(done['skipped']):,} skipped.")
        if done["skipped"]:
            table = make_table("Skipped", "id", "why", whole=("id",))
            for one in done["skipped"]:
                add_row(table, one["id"], one["why"])
            draw(table)
    if not done["matched"]:
        raise click.exceptions.Exit(1)
