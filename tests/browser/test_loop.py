"""The loop, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.ledger.pauses import Pauses
from common.ledger.pulls import DONE, Pull, Pulls
from ops.local.sample_members import sample_members
from tests.browser.books import bury_people, pretend_an_hour
from tests.browser.conftest import Site, screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from common.ledger import Ledger

REACHES = "([name, n]) => Number(document.querySelector(`[data-live='${name}']`).textContent) >= n"


def test_numbers_change_in_place_while_the_sandbox_runs(site: Site, page: Page) -> None:
    page.evaluate("window.untouched = true")
    assert page.locator("[data-live=received]").inner_text() == "0"
    site.local.send_cohort(sample_members(20))
    for name in ("received", "invited", "interviewed"):
        page.wait_for_function(REACHES, arg=[name, 20], timeout=20_000)
    page.wait_for_function(REACHES, arg=["written", 1], timeout=20_000)
    assert page.locator("[data-live='route:activation-dropoffs.started']").inner_text() == "20"
    assert page.evaluate("window.untouched"), "the page was not loaded again"
    assert page.locator("#live-state").inner_text() == "live"
    stop = page.get_by_role("button", name="Pause updates")
    stop.click()
    assert stop.get_attribute("aria-pressed") == "true"
    assert page.locator("#live-state").inner_text() == "paused"


def test_a_pause_and_its_reason_show_by_themselves(page: Page, ledger: Ledger) -> None:
    page.get_by_text("All is well").wait_for()
    Pauses(ledger.redis).pause("activation-dropoffs", "Koji answered HTTP 401")
    page.get_by_text("Route activation-dropoffs is paused: Koji answered HTTP 401").wait_for()
    row = page.get_by_role("row", name="activation-dropoffs")
    assert row.locator(".pill").inner_text() == "paused"
    Pauses(ledger.redis).resume("activation-dropoffs")
    page.get_by_text("All is well").wait_for()
    assert row.locator(".pill").inner_text() == "nothing to do"


def test_a_picture_of_a_busy_hour(site: Site, page: Page, ledger: Ledger) -> None:
    pretend_an_hour(ledger)
    bury_people(ledger, 3)
    Pauses(ledger.redis).pause(
        "churned-last-month",
        "Koji answered HTTP 402 no credits left; mend it, then: python -m ops resume "
        "churned-last-month",
    )
    fetched = Pull("pricing-page-visitors", DONE, ledger.now_ms(), page=2, members=1480)
    Pulls(ledger).save(fetched)
    site.local.send_cohort(sample_members(300))
    page.goto("/")
    page.get_by_role("row", name="pricing-page-visitors").get_by_text(
        "done, 1,480 members"
    ).wait_for()
    started = page.locator("[data-live='route:activation-dropoffs.pace']")
    started.get_by_text("of 600 a minute").wait_for()
    page.wait_for_function(
        "() => document.querySelector('[data-bar]').getAttribute('width') >= 5", timeout=20_000
    )
    page.locator("#live-state").get_by_text("live").wait_for()
    points = page.locator("polyline.invited").get_attribute("points")
    assert points is not None
    assert len(points.split()) == 120
    screenshot(page, "console-loop.png")
    page.emulate_media(color_scheme="dark")
    screenshot(page, "console-loop-dark.png")
