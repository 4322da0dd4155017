"""How the link reaches people: in a plan, among a route's settings, and on a person's page."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import DELIVERIES
from common.messages import Delivery
from common.result_names import ResultNames
from common.route_delivery import Hook, Mail
from common.routes import Route, Routes
from ops.handing_over import handing_over, mail_kind
from tests.unit.ops.conftest import LEASE_MS, NOON_MS, email, invitation
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from common.ledger import Ledger
    from ops.console.desk import Desk
    from ops.session import Session
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor

LINK = "https://koji.so/i/secret-of-one-person"
OWED = Delivery("activation", LINK, "iv-1", NOON_MS).encode()
HOOK = Hook("https://user:pass@hooks.example.com/of/secret-path?key=s3cret", "HOOK_SECRET")
MAIL = Mail("Hello", "{{ link }}", "<p>{{ link }}</p>", reply_to="research@example.com")


def with_route(holder: Desk | Session, **changes: Any) -> Route:
    """Change the first route."""
    first, *others = holder.config.routes
    route = replace(first, **changes)
    object.__setattr__(holder.config, "routes", Routes([route, *others]))
    return route


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Koji itself"),
        ({"deliver": "smtp", "mail": MAIL}, "mail"),
        (
            {"deliver": "webhook", "webhook": HOOK},
            "webhook to hooks.example.com, signed with HOOK_SECRET",
        ),
        (
            {"deliver": "mixpanel", "invited_event": True, "names": ResultNames(invited_event="A")},
            "profile property in Mixpanel; Mixpanel gets the event 'A'",
        ),
    ],
)
def test_a_plan_tells_who_brings_the_link(
    run: Callable[..., Result], run_json: Any, session: Session, changes: Any, told: str
) -> None:
    route = with_route(session, **changes)
    assert handing_over(route) == told
    text = run("plan", "--route", "activation", "-", input="[]").stdout
    assert f"The link is brought by: {told}." in text
    plan = run_json("plan", "--route", "activation", "-", input="[]")[1]
    assert plan["deliver"] == route.deliver
    assert plan["invited_event"] is route.invited_event


def test_neither_plan_nor_settings_hold_an_address_or_a_secret(
    visitor: Visitor, desk: Desk
) -> None:
    with_route(desk, deliver="webhook", webhook=HOOK, mail=MAIL)
    file = (io.BytesIO(b"email\n"), "a.csv")
    for page in (
        visitor.get("/routes").text,
        visitor.post("/routes/plan", route="activation", file=file).text,
    ):
        assert "webhook to hooks.example.com, signed with HOOK_SECRET" in visible(page)
        for secret in ("secret-path", "s3cret", "user:pass", "research@example.com", "{{ link"):
            assert secret not in page
    assert "mail text and html" in visible(visitor.get("/routes").text)


def test_a_mail_may_have_no_html(session: Session) -> None:
    assert mail_kind(with_route(session, mail=replace(MAIL, html=""))) == "text"
    assert mail_kind(with_route(session, mail=None)) is None


class Handed:
    """A started person whose link is on its way."""

    def __init__(self, book: Book, ledger: Ledger, visitor: Visitor) -> None:
        self.ledger, self.visitor = ledger, visitor
        self.key = book.start(1, "iv-1")
        ledger.add(DELIVERIES, [(self.key, OWED)])

    def claim(self) -> tuple[str, int]:
        (claim,), _ = self.ledger.claim(DELIVERIES, most=1, lease_ms=LEASE_MS)
        return claim.key, claim.token

    def page(self) -> str:
        page = self.visitor.post("/person", who=email(1)).text
        assert LINK not in page
        return visible(page)


@pytest.fixture
def handed(book: Book, ledger: Ledger, visitor: Visitor, desk: Desk) -> Handed:
    with_route(desk, deliver="smtp", mail=MAIL)
    return Handed(book, ledger, visitor)


def test_a_link_that_waits_is_shown(handed: Handed) -> None:
    page = handed.page()
    assert "Deliveries of the link" in page
    assert "st_activation mail pending due 2026-05-29 12:00:00" in page


def test_a_link_that_was_delivered_is_shown_with_its_time(handed: Handed) -> None:
    handed.ledger.complete(DELIVERIES, [(*handed.claim(), b"", {})])
    assert "st_activation mail delivered 2026-05-29 12:00:00" in handed.page()


def test_a_link_that_nobody_needs_any_more_does_not_pass_for_delivered(handed: Handed) -> None:
    handed.ledger.complete(DELIVERIES, [(*handed.claim(), b"answered", {})])
    page = handed.page()
    assert "st_activation mail not needed 2026-05-29 12:00:00 answered" in page
    assert "delivered" not in page


def test_a_dead_delivery_leads_to_its_letter(handed: Handed) -> None:
    error = "SMTP 550 to the recipient"
    handed.ledger.bury(DELIVERIES, [(*handed.claim(), "bounced", 550, error)])
    assert f"st_activation mail dead 2026-05-29 12:00:00 bounced : {error}" in handed.page()
    page = handed.visitor.post("/person", who="user_1").text
    assert f'href="/dead-letters/letter?id=deliveries:{handed.key}"' in page


def test_an_event_without_a_delivery_is_no_delivery(handed: Handed, desk: Desk) -> None:
    with_route(desk, deliver="koji", mail=None, invited_event=True)
    handed.ledger.complete(DELIVERIES, [(*handed.claim(), b"", {})])
    assert "st_activation Koji itself told to Mixpanel" in handed.page()


def test_without_anything_to_deliver_the_page_does_not_speak_of_it(
    visitor: Visitor, book: Book
) -> None:
    book.invite(1)
    assert "Deliveries" not in visible(visitor.post("/person", who=email(1)).text)


def test_a_mail_in_doubt_is_looked_for_at_the_mail_server(handed: Handed, run_json: Any) -> None:
    handed.ledger.bury(DELIVERIES, [(*handed.claim(), "ambiguous", None, "no answer")])
    letter = f"deliveries:{handed.key}"
    page = visible(handed.visitor.get(f"/dead-letters/letter?id={letter}").text)
    assert "Look at the mail server first" in page
    code, told = run_json("dead-letters", "replay", "--all")
    assert (code, told["replayed"]) == (0, 0)
    assert "may have the mail already; look at the mail server" in told["skipped"][0]["why"]
    assert invitation(1).email not in page
