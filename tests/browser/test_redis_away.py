"""Redis comes and goes; the console stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Site


def test_a_redis_that_is_away_is_said_and_noticed_when_it_is_back(site: Site, page: Page) -> None:
    assert site.local.supervised is not None
    page.locator("#live-state").get_by_text("live").wait_for()
    site.local.supervised.stop_one("redis")
    try:
        page.locator("#live-state").get_by_text("Redis does not answer").wait_for()
        answer = page.goto("/dead-letters")
        assert answer is not None
        assert answer.status == 503
        page.get_by_role("heading", name="Redis does not answer").wait_for()
    finally:
        site.local.supervised.start_one("redis")
    wait_until(site.local.redis_answers, 10, "Redis is back")
    page.reload()
    page.get_by_role("heading", name="Dead letters").wait_for()
