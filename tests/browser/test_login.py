"""Who may look, as a browser sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from tests.browser.conftest import PASSWORD, USER, Site, log_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_a_wrong_password_lets_nobody_in(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(base_url=site.console)
    answer = page.goto("/dead-letters")
    assert answer is not None
    assert answer.status == 401
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")
    page.get_by_role("alert").get_by_text("User or password is wrong").wait_for()
    assert page.context.cookies() == []
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Dead letters").wait_for()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Bridge console").wait_for()
    page.go_back()
    assert page.get_by_label("Password").is_visible(), "nothing is left in the browser's cache"


def test_a_change_without_the_token_is_refused(site: Site, page: Page) -> None:
    page.goto("/routes")
    page.locator("input[name=csrf_token]").evaluate_all("all => all.forEach((one) => one.remove())")
    with page.expect_response("**/routes/pause") as refused:
        page.get_by_role("button", name="Pause activation-dropoffs").click()
    assert refused.value.status == 403
    page.get_by_text("Nothing was changed.").wait_for()
    page.goto("/routes")
    page.get_by_role("button", name="Pause activation-dropoffs").wait_for()
    by_program = requests.post(
        f"{site.console}/routes/pause",
        data={"route": "activation-dropoffs"},
        auth=(USER, PASSWORD),
        timeout=10,
    )
    assert by_program.status_code == 403


def test_another_site_cannot_make_a_change(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(base_url=site.console)
    log_in(page)
    stranger = site.local.sandbox.koji_url.replace("127.0.0.1", "localhost")
    form = f'<form method=post action="{site.console}/routes/pause"><button>x</button></form>'
    page.route(f"{stranger}/evil", lambda r: r.fulfill(body=form, content_type="text/html"))
    page.goto(f"{stranger}/evil")
    with page.expect_response("**/routes/pause") as refused:
        page.get_by_role("button").click()
    assert refused.value.status == 401, "the cookie does not come along"
