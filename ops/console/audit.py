"""The page that shows who changed what and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from ops.changes import KEPT
from ops.console.paging import Page, page_number

if TYPE_CHECKING:
    from ops.console.desk import Desk

NOTES_A_PAGE = 100


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the page that shows the list."""
    pages = Blueprint("audit", __name__)

    @pages.get("/audit")
    def show() -> str:
        number = page_number()
        notes, total = desk.audit.read((number - 1) * NOTES_A_PAGE, NOTES_A_PAGE)
        return render_template(
            "audit.html", notes=notes, page=Page(number, NOTES_A_PAGE, total), kept=KEPT
        )

    return pages
