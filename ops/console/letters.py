"""Dead letters: the list with its filters, and one letter with its story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, make_response, render_template, request

from common.ledger.dead_letters import HELD, LANES
from ops.console.filtering import (
    SINCE,
    known_reasons,
    known_routes,
    read_filters,
    read_page,
)
from ops.console.paging import page_number
from ops.masking import masked, readable

if TYPE_CHECKING:
    from common.ledger.dead_letters import Letter
    from ops.console.desk import Desk

NOT_FOUND = "There is no dead letter {id!r} (any more): {why}."


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the pages."""
    pages = Blueprint("letters", __name__)

    @pages.get("/dead-letters")
    def show_list() -> str:
        asked = read_filters(request.args)
        letters, page = read_page(desk, asked.filters, page_number())
        return render_template(
            "letters.html",
            letters=letters,
            page=page,
            asked=asked,
            lanes=list(LANES),
            reasons=known_reasons(desk),
            routes=known_routes(desk),
            since=SINCE,
        )

    @pages.get("/dead-letters/letter")
    def show_one() -> str:
        return _page(desk, find(desk, request.args.get("id", "")), reveal=False)

    @pages.post("/dead-letters/reveal")
    def reveal() -> str:
        letter = find(desk, request.form.get("id", ""))
        desk.audit.note(g.visitor.user, "reveal payload", letter.id)
        return _page(desk, letter, reveal=True)

    return pages


def find(desk: Desk, letter_id: str) -> Letter:
    """Return a dead letter, or answer 404 with what its id stands for now."""
    letter = desk.dead_letters.get(letter_id)
    if letter is None:
        said = NOT_FOUND.format(id=letter_id, why=desk.dead_letters.why_not(letter_id))
        page = render_template("failure.html", status=404, title="Not a dead letter", said=said)
        abort(make_response(page, 404))
    return letter


def _page(desk: Desk, letter: Letter, *, reveal: bool) -> str:
    payload: Any = readable(letter.lane, desk.dead_letters.payload(letter))
    return render_template(
        "letter.html",
        letter=letter,
        story=told(letter),
        payload=payload if reveal else masked(payload),
        revealed=reveal,
        hindrance=desk.dead_letters.hindrance(letter),
        held=letter.reason == HELD,
    )


def told(letter: Letter) -> list[dict[str, Any]]:
    """Return a letter's story with its moments as Unix ms."""
    steps = zip(letter.told(), letter.story, strict=True)
    return [{**step, "at_ms": raw["at"]} for step, raw in steps]
