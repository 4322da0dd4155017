"""What `mkdocs.yml` calls: pages from beside docs/, and links that hold in repository and site.

The README and its like stay where people look for them. Their links are written for the repository;
here each is turned to the page of the site, or to plain text where the site has none
(https://www.mkdocs.org/user-guide/configuration/#hooks).
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCS = "docs"
FOLDERS = ("sandbox", "benchmarks", "examples", "deploy")  # whose README.md is a page
_FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")


def outer_pages() -> dict[str, str]:
    """Return the files beside docs/ that are pages, with their place in the site."""
    pages = {
        path.name: "index.md" if path.stem == "README" else f"{path.stem.lower()}.md"
        for path in sorted(ROOT.glob("*.md"))
    }
    for folder in FOLDERS:
        if (ROOT / folder / "README.md").is_file():
            pages[f"{folder}/README.md"] = f"{folder}.md"
    return pages


def place(source: str, pages: dict[str, str]) -> str | None:
    """Return where a file of the repository stands in the site; None if it is not part of it."""
    if source.startswith(f"{DOCS}/"):
        return source.removeprefix(f"{DOCS}/")
    return pages.get(source)


def turn_links(markdown: str, source: str, pages: dict[str, str]) -> str:
    """Return a page with links for the site; `source` is its path in the repository."""
    here = posixpath.dirname(place(source, pages) or "")

    def turned(match: re.Match[str]) -> str:
        bang, text, link = match.groups()
        if _ELSEWHERE.match(link):
            return match[0]
        path, _, fragment = link.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        there = place(target, pages)
        if there is None:
            name = f"`{target}`"
            return text if text.strip("`").strip("/") == target else f"{text} ({name})"
        to = posixpath.relpath(there, here or ".")
        return f"{bang}[{text}]({to}{'#' if fragment else ''}{fragment})"

    pieces, end = [], 0
    for fence in _FENCE.finditer(markdown):
        pieces += [_LINK.sub(turned, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*pieces, _LINK.sub(turned, markdown[end:])])


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from beside docs/."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - only `make docs` installs it

    for source, uri in outer_pages().items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn a page's links."""
    del config, files
    pages = outer_pages()
    sources = {uri: source for source, uri in pages.items()}
    uri = page.file.src_uri
    return turn_links(markdown, sources.get(uri, f"{DOCS}/{uri}"), pages)
