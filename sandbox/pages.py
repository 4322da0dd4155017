"""The small HTML pages of the sandbox; everything shown is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

from aiohttp import web

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #5b5bd6; }
@media (prefers-color-scheme: dark) { :root { --accent: #a5a5ff; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 2rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
.lead { margin: 0 0 1.5rem; opacity: .75; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; margin: 0; padding: 0; }
.facts li { background: var(--soft); border-radius: .6rem; min-width: 7rem; padding: .6rem 1rem; }
.facts b { display: block; font-size: 1.5rem; line-height: 1.2; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .75rem .4rem 0; text-align: left; }
th { font-weight: 600; white-space: nowrap; }
td { max-width: 26rem; overflow-wrap: anywhere; vertical-align: top; white-space: pre-line; }
.bars { align-items: end; display: flex; gap: 2px; height: 4rem; margin: .5rem 0; }
.bars i { background: var(--accent); flex: 1; min-height: 1px; }
.empty { opacity: .6; }
"""


def page(title: str, lead: str, *parts: str) -> web.Response:
    """Return a page that renews itself every 2 seconds; `parts` are HTML made in this module."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="2"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(lead)}</p>{"".join(parts)}</main></body></html>'
    )
    return web.Response(text=text, content_type="text/html", headers=_SECURITY)


def facts(items: Iterable[tuple[str, object]]) -> str:
    """Return a row of numbers with their names."""
    cells = (f"<li><b>{escape(str(value))}</b>{escape(name)}</li>" for name, value in items)
    return f'<ul class="facts">{"".join(cells)}</ul>'


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a titled table; None is shown as an empty cell."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not body:
        body = f'<tr><td class="empty" colspan="{len(columns)}">Nothing yet.</td></tr>'
    return (
        f'<h2>{escape(title)}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def bars(title: str, heights: Sequence[int]) -> str:
    """Return a bar for each number, the tallest filling the height."""
    tallest = max(heights, default=0) or 1
    drawn = "".join(f'<i style="height:{100 * height // tallest}%"></i>' for height in heights)
    label = f"{title}; most in one second: {max(heights, default=0)}"
    return (
        f"<h2>{escape(title)}</h2>"
        f'<div class="bars" role="img" aria-label="{escape(label)}">{drawn}</div>'
    )


def _cell(value: object) -> str:
    return f"<td>{escape('' if value is None else str(value))}</td>"
