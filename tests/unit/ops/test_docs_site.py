"""ops/docs_site.py: links that hold in the repository and in the site."""

from __future__ import annotations

import pytest

from ops.docs_site import outer_pages, turn_links

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "sandbox/README.md": "sandbox.md"}


@pytest.mark.parametrize(
    ("source", "link", "turned"),
    [
        ("README.md", "[a](docs/metrics.md)", "[a](metrics.md)"),
        ("README.md", "[a](docs/metrics.md#ingress)", "[a](metrics.md#ingress)"),
        ("README.md", "![a](docs/images/x.png)", "![a](images/x.png)"),
        ("README.md", "[a](sandbox/README.md)", "[a](sandbox.md)"),
        ("sandbox/README.md", "[a](../README.md)", "[a](index.md)"),
        ("docs/first-day.md", "[a](../README.md#going-live)", "[a](index.md#going-live)"),
        ("docs/decisions/README.md", "[a](../../CHANGELOG.md)", "[a](../changelog.md)"),
        ("docs/decisions/README.md", "[a](../metrics.md)", "[a](../metrics.md)"),
        ("README.md", "[deploy/](deploy/)", "deploy/"),
        ("README.md", "[`LICENSE`](LICENSE)", "`LICENSE`"),
        ("docs/metrics.md", "[alerts](../deploy/alerts.yml)", "alerts (`deploy/alerts.yml`)"),
        ("README.md", "[a](https://example.com/x)", "[a](https://example.com/x)"),
        ("README.md", "[a](#here)", "[a](#here)"),
    ],
)
def test_a_link_leads_to_the_page_of_the_site(source: str, link: str, turned: str) -> None:
    assert turn_links(f"See {link}.\n", source, PAGES) == f"See {turned}.\n"


def test_code_is_left_alone() -> None:
    text = "[a](docs/metrics.md)\n\n```\n[a](docs/metrics.md)\n```\n"
    assert turn_links(text, "README.md", PAGES) == text.replace("docs/", "", 1)


def test_the_readme_is_the_front_page() -> None:
    pages = outer_pages()
    assert pages["README.md"] == "index.md"
    assert pages["sandbox/README.md"] == "sandbox.md"
    assert "docs/metrics.md" not in pages
