"""`dead-letters`: list and show; `replay` and `drop` stand in their own file."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click
import orjson

from common.ledger.dead_letters import Filters
from ops.commands.replay import drop, replay
from ops.examples import example
from ops.lazy_commands import FullGroup
from ops.masking import masked, readable
from ops.output import moment, note, print_json
from ops.parameters import as_json, letter_filters
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

if TYPE_CHECKING:
    from common.ledger.dead_letters import Letter

LETTERS_IN_A_TABLE = 50


@click.group(
    "dead-letters", cls=FullGroup, epilog=example("dead-letters list --reason rejected --since 1d")
)
def dead_letters() -> None:
    """Look at what could not be done, and replay or drop it."""


dead_letters.add_command(replay)
dead_letters.add_command(drop)


@dead_letters.command("list", epilog=example("dead-letters list --lane invitations --since 1h"))
@letter_filters
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help="Show at most so many, 0 = all. Default: 50 in a table, all as JSON.",
)
@as_json
@with_session
def list_letters(
    session: Session,
    *,
    lane: str | None,
    reason: str,
    route: str,
    since: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """List dead letters, newest first. An empty list is good news and exits 0."""
    filters = Filters(lane or "", reason, route, since)
    found = session.dead_letters.find(filters)
    most = limit if limit is not None else 0 if as_json else LETTERS_IN_A_TABLE
    letters = list(islice(found, most or None))
    if as_json:
        print_json([letter.as_dict() for letter in letters])
        return
    if not letters:
        click.echo("No dead letters.")
        return
    columns = ("id", "route", "reason", "error", "tries", "died at")
    table = make_table(
        "", *columns, numbers=("tries",), whole=("id",), spare=("route", "tries", "died at")
    )
    for letter in letters:
        cells = (letter.id, letter.route, letter.reason, letter.error, letter.attempts)
        add_row(table, *cells, moment(letter.died_at_ms))
    draw(table)
    more = session.dead_letters.count(filters) - len(letters) if len(letters) == most else 0
    if more > 0:
        note(f"{more:,} more are not shown; --limit 0 shows all.")


@dead_letters.command(epilog=example("dead-letters show invitations:Yx3k9Q0aBcD.t5Zr8LmN"))
@click.argument("letter_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show personal data in the payload.")
@as_json
@with_session
def show(session: Session, letter_id: str, *, reveal: bool, as_json: bool) -> None:
    """Show one dead letter: what it carries and what happened to it."""
    letter = session.dead_letters.get(letter_id)
    if letter is None:
        why = session.dead_letters.why_not(letter_id)
        raise click.ClickException(f"{letter_id}: {why}.")
    payload = readable(letter.lane, session.dead_letters.payload(letter))
    payload = payload if reveal else masked(payload)
    if as_json:
        print_json({**letter.as_dict(), "payload": payload, "story": letter.told()})
        return
    _show(letter, payload)
    if not reveal:
        note("Personal data is masked; --reveal shows it.")


def _show(letter: Letter, payload: Any) -> None:
    facts = make_table("", "dead letter", letter.id)
    times = {"first_at": moment(letter.first_at_ms), "last_at": moment(letter.last_at_ms)}
    for name, value in (letter.as_dict() | times).items():
        if name != "id":
            add_row(facts, name.replace("_", " "), value)
    story = make_table("Story", "at", "outcome", "status", "error", "next try after")
    for step, raw in zip(letter.told(), letter.story, strict=True):
        delay = f"{step['delay_seconds']:g} s" if step["delay_seconds"] else None
        add_row(story, moment(raw["at"]), step["outcome"], step["status"], step["error"], delay)
    draw(facts, story, "Payload", orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode())
