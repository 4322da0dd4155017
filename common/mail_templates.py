"""Templates of mails: Jinja in its sandbox, checked when the configuration is read.

A template sees the names in `KNOWN` and nothing else; what a person has no value for is empty.
https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.sandbox import SandboxedEnvironment

LINK = "link"
KNOWN = frozenset({LINK, "name", "email", "distinct_id", "properties", "route", "study_id"})


def problem_of(template: str, *, needed: str = "") -> str:
    """Say why a template cannot be used, empty if it can."""
    from jinja2 import TemplateSyntaxError, meta  # noqa: PLC0415 - memory: only who mails needs it

    try:
        tree = _environment(html=False).parse(template)
    except TemplateSyntaxError as exc:
        return f"line {exc.lineno}: {exc.message}"
    named = meta.find_undeclared_variables(tree)
    if unknown := sorted(named - KNOWN):
        return f"unknown name '{unknown[0]}' (known: {', '.join(sorted(KNOWN))})"
    if needed and needed not in named:
        return f"must hold {{{{ {needed} }}}}, or nobody can follow the invitation"
    return ""


def render(template: str, values: Mapping[str, Any], *, html: bool = False) -> str:
    """Fill a template in; raises jinja2.TemplateError, or what an expression in it raises."""
    return _environment(html=html).from_string(template).render(values)


@cache
def _environment(*, html: bool) -> SandboxedEnvironment:
    from jinja2 import ChainableUndefined  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - as above

    return ImmutableSandboxedEnvironment(autoescape=html, undefined=ChainableUndefined)
