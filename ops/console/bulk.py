"""Replay and drop: of one dead letter, of those that were ticked, of all that match.

Two steps: `confirm` counts and shows what would happen, `carry_out` does it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from common.ledger.dead_letters import HELD
from common.rates import Rate
from ops.console.filtering import Asked, read_filters
from ops.output import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response

    from common.ledger.dead_letters import Letter
    from ops.console.desk import Desk

ACTIONS = {"replay": "replayed", "drop": "dropped"}
NO_LONGER = "no longer a dead letter"


@dataclass(frozen=True)
class Choice:
    """What was asked for: the letters that it means, and why others stay."""

    action: str
    ids: list[str]
    asked: Asked
    until_ms: int
    letters: list[Letter]
    skipped: Counter[str]

    @property
    def groups(self) -> list[tuple[tuple[str, str, str], int]]:
        """How many of each lane, route and reason, the most first."""
        return Counter((one.lane, one.route, one.reason) for one in self.letters).most_common()

    @property
    def held(self) -> int:
        """How many people among them may have been started already."""
        return sum(one.reason == HELD for one in self.letters)


def make_blueprint(desk: Desk) -> Blueprint:
    """Make both steps."""
    pages = Blueprint("bulk", __name__)

    @pages.post("/dead-letters/confirm")
    def confirm() -> str | Response:
        choice = choose(desk)
        if not choice.letters and not choice.skipped:
            flash("No dead letter was chosen. Tick some, or take all that match.", "warn")
            return redirect(url_for("letters.show_list"), 303)
        return render_template("confirm.html", choice=choice, problem="", rate="")

    @pages.post("/dead-letters/carry-out")
    def carry_out() -> str | Response | tuple[str, int]:
        choice, rate = choose(desk), request.form.get("rate", "").strip()
        try:
            spacing_ms = 1000 / Rate.parse(rate).per_second if rate else 0.0
        except ValueError as exc:
            page = render_template("confirm.html", choice=choice, problem=f"{exc}.", rate=rate)
            return page, 400
        done = _carry_out(desk, choice, spacing_ms)
        flash(_told(choice, done), "good" if done else "warn")
        return redirect(url_for("letters.show_list"), 303)

    return pages


def choose(desk: Desk) -> Choice:
    """Read a form: `action`, and either the `id` of letters, or `all` with filters.

    `until` keeps those out that died after the preview.
    """
    form = request.form
    action, _, which = form.get("action", "").partition("-")
    if action not in ACTIONS:
        abort(400, "The form must say whether to replay or to drop.")
    asked = read_filters(form if which == "all" else {})
    if asked.problem:
        abort(400, asked.problem)
    until = form.get("until", "")
    until_ms = int(until) if until.isascii() and until.isdigit() else desk.ledger.now_ms()
    ids = [] if which == "all" else list(dict.fromkeys(form.getlist("id")))
    found = _matching(desk, asked, until_ms) if which == "all" else _named(desk, ids)
    letters, skipped = [], Counter[str]()
    for letter in found:
        why = NO_LONGER
        if letter is not None:
            bulk = which == "all" and not asked.filters.reason
            why = desk.dead_letters.hindrance(letter, bulk=bulk) if action == "replay" else ""
        if letter is None or why:
            skipped[why] += 1
        else:
            letters.append(letter)
    return Choice(action, ids, asked, until_ms, letters, skipped)


def _matching(desk: Desk, asked: Asked, until_ms: int) -> Iterator[Letter | None]:
    return (one for one in desk.dead_letters.find(asked.filters) if one.died_at_ms <= until_ms)


def _named(desk: Desk, ids: list[str]) -> Iterator[Letter | None]:
    """Yield the letter of each id, None where it is dead no more."""
    return (desk.dead_letters.get(one) for one in ids)


def _carry_out(desk: Desk, choice: Choice, spacing_ms: float) -> int:
    """Do it and note it in the audit list, also when Redis went away in the middle."""
    done = 0
    dead = desk.dead_letters
    steps = (
        dead.replay(choice.letters, spacing_ms)
        if choice.action == "replay"
        else dead.drop(choice.letters)
    )
    try:
        for _, was_dead in steps:
            done += was_dead
            if not was_dead:
                choice.skipped[NO_LONGER] += 1
    finally:
        details: dict[str, Any] = {"done": done, "asked": len(choice.letters)}
        if not choice.ids:
            details |= {name: text for name, text in choice.asked.words.items() if text}
        on = choice.ids[0] if len(choice.ids) == 1 else ""
        desk.audit.note(g.visitor.user, f"{choice.action} dead letters", on, **details)
    return done


def _told(choice: Choice, done: int) -> str:
    told = f"{counted(done, 'dead letter')} {ACTIONS[choice.action]}."
    stay = [f"{counted(n, 'letter')} stayed: {why}." for why, n in choice.skipped.items()]
    return " ".join([told, *stay])
