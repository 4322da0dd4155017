"""A visitor who has only a keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STEPS = 60
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const text = one.innerText || one.value || one.ariaLabel || "";
  return [one.tagName, text.replace(/\\s+/g, " ").trim(), style.outlineStyle !== "none"];
}"""


def focused(page: Page) -> str:
    """Return what the element that has the focus says."""
    return str(page.evaluate(FOCUSED)[1])


def tab_to(page: Page, name: str, tag: str = "") -> None:
    """Press Tab until something has the focus whose text begins so; the focus is always seen."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        found, text, visible = page.evaluate(FOCUSED)
        assert visible, f"the focus on {text!r} cannot be seen"
        if str(text).startswith(name) and tag in {"", found}:
            return
    raise AssertionError(f"{name or tag} cannot be reached by keyboard")
