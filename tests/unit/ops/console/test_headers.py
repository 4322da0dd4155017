"""What a browser may do with an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ops.console import headers as console_headers

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor

PAGES = ("/", "/dead-letters", "/person", "/routes", "/audit", "/no-such-page")


@pytest.mark.parametrize("path", [*PAGES, "/loop.json"])
def test_every_answer_carries_a_strict_policy_and_is_never_kept(
    visitor: Visitor, stranger: FlaskClient, path: str
) -> None:
    for answer in (visitor.get(path), stranger.get(path)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
        assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy)
        assert "unsafe" not in console_headers.POLICY


def test_style_and_scripts_are_asked_for_anew_each_time(stranger: FlaskClient) -> None:
    with stranger.get("/static/console.css") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_script_a_style_or_a_handler_of_its_own(
    visitor: Visitor, book: Book, path: str
) -> None:
    book.bury(1, 2)
    page = visitor.get(path).text
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_language_a_title_a_heading_and_a_way_past_the_menu(
    visitor: Visitor, path: str
) -> None:
    page = visitor.get(path).text
    assert '<html lang="en">' in page
    assert re.search(r"<title>\w.+ · Bridge console</title>", page)
    assert page.count("<h1") == 1
    assert '<a class="skip" href="#main">' in page
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        name = re.search(r'\sid="([^"]+)"', field)
        labelled = name and f'<label for="{name[1]}"' in page
        assert 'type="hidden"' in field or "aria-label" in field or labelled, field
