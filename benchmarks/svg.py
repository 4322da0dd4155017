"""The few SVG elements that the plot is made of."""

from __future__ import annotations

from html import escape

# Each colour as drawn, and what a dark page shows in its place; viewers without CSS ignore that.
DARK = {
    "white": "#0d1117",
    "#f4f4f4": "#1b222c",
    "#111": "#f0f3f6",
    "#222": "#dce2e8",
    "#444": "#b4bcc6",
    "#999": "#8d96a0",
    "#0b7a4b": "#35c286",
    "#5b7fa6": "#7fa9d6",
    "#c0392b": "#ff7b6b",
}
_RULES = "\n".join(
    f'  [fill="{light}"] {{{{ fill: {dark} }}}} [stroke="{light}"] {{{{ stroke: {dark} }}}}'
    for light, dark in DARK.items()
)
HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" width="{{width}}" \
height="{{height}}" font-family="sans-serif">
<style>
@media (prefers-color-scheme: dark) {{{{
{_RULES}
}}}}
</style>
<rect width="{{width}}" height="{{height}}" fill="white"/>"""


def box(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    """Return a filled rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}" opacity="{opacity}"/>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str) -> str:
    """Return a line; `dashes` as SVG takes them, empty for none."""
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'


def text(
    x: float,
    y: float,
    content: str,
    anchor: str = "start",
    *,
    size: int = 12,
    weight: str = "normal",
    fill: str = "#111",
) -> str:
    """Return a line of text, escaped."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} font-weight="{weight}" fill="{fill}">{escape(content)}</text>'
