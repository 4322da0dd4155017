"""A person: found by address or distinct_id, everything that is held and was done, erased.

Who is looked for is sent in forms only, so no address stands in a URL, a log or the audit list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from common.identity import email_hash, id_hash
from ops.commands.erase import WHERE
from ops.console.holdings import find_holdings
from ops.console.texts import number
from ops.erasure import erase_person
from ops.names import Names

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from ops.console.desk import Desk

MOST_CHARS = 320


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the pages."""
    pages = Blueprint("person", __name__)

    @pages.get("/person")
    def show() -> str:
        return render_template("person.html", who="", holdings=None)

    @pages.post("/person")
    def find() -> str:
        who = _who()
        holdings = find_holdings(desk, who) if who else None
        if who:
            desk.audit.note(g.visitor.user, "look up person", _hashed(who), found=bool(holdings))
        return render_template("person.html", who=who, holdings=holdings)

    @pages.post("/person/erase")
    def erase() -> str | Response:
        who = _who()
        if not who:
            return redirect(url_for("person.show"), 303)
        if request.form.get("sure") != "yes":
            return render_template("erase.html", who=who)
        removed = erase_person(desk.ledger, Names(desk.ledger, who))
        told = {place: n for place, n in removed.items() if n}
        desk.audit.note(g.visitor.user, "erase person", _hashed(who), **told)
        if told:
            listed = ", ".join(f"{number(n)} {WHERE[place]}" for place, n in told.items())
            flash(f"Erased: {listed}. Koji and Mixpanel hold data of their own.", "good")
        else:
            flash("Nothing was found, so nothing was erased.", "warn")
        return redirect(url_for("person.show"), 303)

    return pages


def _who() -> str:
    return request.form.get("who", "").strip()[:MOST_CHARS]


def _hashed(who: str) -> str:
    return email_hash(who) or id_hash(who)
