"""A real headless Chromium before the real processes, all on loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import sync_playwright

from common.ledger import Ledger
from ops.local.local_bridge import COHORT_ID, WORKING, LocalBridge
from ops.local.ports import free_port
from ops.local.supervised import ROOT
from ops.local.waiting import wait_until
from tests.support import FORKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

USER, PASSWORD = "ada", f"pass:word-{secrets.token_hex(4)}"
ROUTE, STUDY = "activation-dropoffs", "st_activation"
ROUTES = f"""\
[[routes]]
name = "{ROUTE}"
cohort_id = "{COHORT_ID}"
study_id = "{STUDY}"
properties = ["plan", "$city"]

[[routes]]
name = "pricing-page-visitors"
cohort_name = "Pricing page, no purchase"
study_id = "st_pricing"
max_invites = "200/week"

[[routes]]
name = "churned-last-month"
cohort_name = "Churned last month"
study_id = "st_churn"
mode = "voice"
cooldown_days = 30
"""
IMAGES = ROOT / "docs" / "images"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
]


@dataclass
class Site:
    """The running bridge and where its pages are."""

    local: LocalBridge
    console: str
    flower: str

    def get(self, path: str) -> requests.Response:
        """Ask the console as a program does, with HTTP Basic."""
        return requests.get(self.console + path, auth=(USER, PASSWORD), timeout=10)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Every process of the bridge, the console and Flower among them; one set for all tests."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-browser-"))
    console, flower = free_port(), free_port()
    local = LocalBridge(
        folder,
        routes=ROUTES,
        environ={
            "CONSOLE_PORT": str(console),
            "CONSOLE_CREDENTIALS": f"{USER}:{PASSWORD}",
            "FLOWER_PORT": str(flower),
            "FLOWER_BASIC_AUTH": f"{USER}:{PASSWORD}",
        },
        sandbox_options={"interview_delay_seconds": 0.5},
        processes=(*WORKING, "flower", "console"),
        supervisor=FORKING,
    )
    found = Site(local, f"http://127.0.0.1:{console}", f"http://127.0.0.1:{flower}")

    def pages_answer() -> bool:
        try:
            flower = requests.get(found.flower, auth=(USER, PASSWORD), timeout=5)
            return found.get("/").ok and flower.ok
        except requests.RequestException:
            return False

    try:
        local.start()
        try:
            wait_until(pages_answer, 30, "console and Flower answer")
            yield found
        finally:
            local.kill()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium with a new, empty profile."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("there is no chromium here: make chromium, or apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _clean(site: Site) -> None:
    """Begin each test with empty books."""
    with site.local.redis() as redis:
        redis.flushall()
    site.local.sandbox.reset()


@pytest.fixture
def ledger(site: Site) -> Iterator[Ledger]:
    """The ledger of the running bridge."""
    with site.local.redis() as redis:
        yield Ledger(redis)


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in contexts of their own; none may complain about scripts or the policy."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(text: str) -> None:
        # Chromium reports every answer of 400 and more as well, which tests ask for on purpose.
        if "Failed to load resource" not in text:
            complaints.append(text)

    def open_it(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complain(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("dialog", lambda dialog: complain(f"a dialogue opened: {dialog.message}"))
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(site: Site, open_page: Callable[..., Page]) -> Page:
    """A page of the console after the login."""
    opened = open_page(base_url=site.console)
    log_in(opened)
    return opened


def log_in(page: Page) -> None:
    """Log in by the form that every page shows first."""
    page.goto("/")
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="The loop").wait_for()


def screenshot(page: Page, name: str) -> None:
    """Take a picture; it replaces the one in docs/images only if UPDATE_SCREENSHOTS is set."""
    if os.environ.get("UPDATE_SCREENSHOTS"):
        page.screenshot(path=IMAGES / name, full_page=True, animations="disabled")
    else:
        page.screenshot(full_page=True, animations="disabled")
