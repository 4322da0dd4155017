"""Flower: behind a password, and without personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.browser.conftest import PASSWORD, USER, Site, screenshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

WIDE = {"width": 1440, "height": 900}
OWNER = {"username": USER, "password": PASSWORD}


def test_flower_needs_the_password(site: Site) -> None:
    for path in ("/", "/tasks", "/workers", "/api/tasks", "/metrics", "/healthcheck"):
        assert requests.get(site.flower + path, timeout=5).status_code == 401, path
        wrong = requests.get(site.flower + path, auth=(USER, "wrong"), timeout=5)
        assert wrong.status_code == 401, path


def test_flower_shows_tasks_by_readable_names_and_nobody_personal(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(base_url=site.flower, http_credentials=OWNER, viewport=WIDE)
    page.goto("/workers")
    page.get_by_text("koji-").first.wait_for()
    wait_until(lambda: "bridge.tick" in tasks_told(site), 30, "Flower has switched events on")
    site.local.send_cohort(sample_members(8))
    wait_until(lambda: site.local.sandbox.get("koji", "summary")["started"] > 5, 20, "most started")
    page.goto("/tasks")
    table = page.locator("#tasks-table")
    shown = ""
    for name in ("unpack", "write_results", "start_interviews"):
        # Of hundreds of tasks a page shows the newest; ticks come every second.
        page.locator("input[type=search]").fill(f"bridge.{name}")
        table.get_by_text(f"bridge.{name}").first.wait_for()
        shown += table.inner_text()
    screenshot(page, "flower.png")
    told = tasks_told(site)
    assert "activation-dropoffs" in told
    assert "@example.com" not in told + shown
    assert "user-0" not in told


def tasks_told(site: Site) -> str:
    """Return what Flower's API says about tasks."""
    return requests.get(f"{site.flower}/api/tasks", auth=(USER, PASSWORD), timeout=10).text
