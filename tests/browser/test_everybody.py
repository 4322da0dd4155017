"""Pages that everybody can read and use: on a phone, in the dark, with weak eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.identity import email_hash, study_hash
from common.ledger import DELIVERIES
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import Pauses
from common.ledger.pulls import FAILED, Pull, Pulls
from common.messages import Invitation
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.browser.books import bury_people, bury_write, pretend_an_hour
from tests.browser.conftest import DESKTOP, PHONE, STUDY, Site
from tests.browser.keyboard import tab_to

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from common.ledger import Ledger

PATHS = ("/", "/dead-letters", "/person", "/routes", "/audit", "/no-such-page")
# WCAG 2.2, 1.4.3: 4.5 to 1 for text, 3 to 1 for large text.
PALE = """() => {
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const pale = [];
  const compare = (color, one, name, least) => {
    const [a, b] = [light(parse(color)), light(ground(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) pale.push(`${name} ${ratio.toFixed(2)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement, style = getComputedStyle(one);
    if (!walker.currentNode.textContent.trim() || !one.checkVisibility()) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    compare(style.color, one, one.innerText, large ? 3 : 4.5);
  }
  for (const one of document.querySelectorAll("input[placeholder]")) {
    compare(getComputedStyle(one, "::placeholder").color, one, one.placeholder, 4.5);
  }
  // 1.4.11: 3 to 1 for the border that shows where to write.
  for (const one of document.querySelectorAll("input, select")) {
    if (!one.checkVisibility() || ["checkbox", "file", "hidden"].includes(one.type)) continue;
    compare(getComputedStyle(one).borderTopColor, one.parentElement, `border of ${one.id}`, 3);
  }
  return pale;
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth + 1"
# WCAG 2.2, 2.5.8: at least 24 by 24 pixels, but for links in a line of text.
TOO_SMALL = """() => [...document.querySelectorAll("button, select, nav a, input")]
  .filter((one) => one.checkVisibility() && !["checkbox", "hidden"].includes(one.type))
  .filter((one) => one.offsetHeight < 24 || one.offsetWidth < 24).map((one) => one.outerHTML)"""


def test_every_page_is_readable_on_a_phone_and_has_enough_contrast_day_and_night(
    site: Site, page: Page, ledger: Ledger
) -> None:
    pretend_an_hour(ledger)
    bury_people(ledger, 2)
    bury_write(ledger, "4f1d9c52-7a0e-4a5b-9d39-2f6a1c0b7e11")
    Pauses(ledger.redis).pause("churned-last-month", "Koji answered HTTP 402 no credits left")
    pull = Pull("pricing-page-visitors", FAILED, 1, total_pages=7, error="HTTP 403 not allowed")
    Pulls(ledger).save(pull)
    site.local.send_cohort(sample_members(2))
    key = f"{email_hash('member1@example.com')}.{study_hash(STUDY)}"
    done = INVITATIONS.key("done")
    wait_until(lambda: ledger.redis.zscore(done, key) is not None, 20, "member1 is started")
    ledger.redis.zadd(DELIVERIES.key("done"), {key: ledger.now_ms()})
    ledger.redis.hset(DELIVERIES.key("entries"), key, "")
    page.goto("/dead-letters")
    letter = page.locator("a.id").first.get_attribute("href")
    assert letter is not None

    def check(what: str) -> None:
        page.wait_for_load_state()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # The page may still be repainting in the other colours.
            wait_until(lambda: page.evaluate(PALE) == [], 5, f"{what} is legible when {scheme}")
        for size in (PHONE, {"width": 320, "height": 640}):
            page.set_viewport_size(size)
            assert not page.evaluate(TOO_WIDE), f"{what} is wider than {size['width']} pixels"
            assert page.evaluate(TOO_SMALL) == [], what
        page.set_viewport_size(DESKTOP)

    for path in (*PATHS, letter):
        page.goto(path)
        check(path)
    page.goto("/person")
    page.get_by_label("E-mail address or distinct_id").fill("member1@example.com")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="Deliveries of the link").wait_for()
    check("a person")
    page.get_by_role("button", name="Erase this person").click()
    check("the question before erasing")
    page.goto("/routes")
    plan_a_cohort(page)
    check("a plan")
    page.goto("/dead-letters")
    page.get_by_role("button", name="Drop all").click()
    check("the question before dropping")
    page.get_by_role("button", name="Log out").click()
    check("the login")


def plan_a_cohort(page: Page) -> None:
    """Upload 1,200 people on the page of routes."""
    card = page.get_by_role("region", name="activation-dropoffs")
    rows = "email,plan\n" + "".join(f"new{n}@example.com,pro\n" for n in range(1200))
    file = {"name": "cohort.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    card.get_by_label("Plan a cohort").set_input_files(file)  # type: ignore[arg-type]
    card.get_by_role("button", name="Plan for").click()
    page.get_by_role("heading", name="Plan for activation-dropoffs").wait_for()


def test_a_cohort_is_planned_from_a_file(page: Page) -> None:
    page.goto("/routes")
    plan_a_cohort(page)
    assert "Would be invited\t1,200" in page.get_by_role("table").inner_text()
    page.get_by_text("The link is brought by: Koji itself.").wait_for()
    page.get_by_text("All of them would be invited in 2 min").wait_for()


def test_a_pause_and_an_erasure_by_keyboard_alone(page: Page, ledger: Ledger) -> None:
    bury_people(ledger, 1)
    page.goto("/routes")
    tab_to(page, "", tag="INPUT")
    page.keyboard.type("study is being reworked")
    tab_to(page, "Pause activation-dropoffs")
    page.keyboard.press("Enter")
    page.get_by_text("activation-dropoffs is paused.").wait_for()
    tab_to(page, "Resume activation-dropoffs")
    page.keyboard.press("Enter")
    page.get_by_text("activation-dropoffs goes on.").wait_for()
    (person,) = ledger.redis.hvals(INVITATIONS.key("entries"))  # type: ignore[misc]
    page.goto("/person")
    tab_to(page, "", tag="INPUT")
    page.keyboard.type(Invitation.decode(person).email)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Invitations").wait_for()
    tab_to(page, "Erase this person")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Erase dead").wait_for()
    tab_to(page, "Erase")
    page.keyboard.press("Enter")
    page.get_by_text("Erased:").wait_for()
