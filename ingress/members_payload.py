"""The body of POST /members: rows checked one by one, so that one bad row stops no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import BadPayloadError
from common.identity import normal_email, usable_id
from common.reading import as_id
from ingress.customer_events import customer_event

if TYPE_CHECKING:
    from common.routes import Route, Routes

ID_NAMES = ("distinct_id", "mixpanel_distinct_id", "$distinct_id")
EMAIL_NAMES = ("email", "$email")
_NOT_PROPERTIES = frozenset({"route", "properties", *ID_NAMES, *EMAIL_NAMES})


@dataclass(frozen=True)
class Row:
    """One accepted row: the route, and the member with Mixpanel's own keys."""

    route: Route
    member: dict[str, Any]


class RowError(ValueError):
    """A row cannot be used; the text names the field, never its value."""


def parse_rows(
    body: Any, routes: Routes, default: Any = None
) -> tuple[list[Row], list[dict[str, Any]]]:
    """Return accepted rows and `{"index", "error"}` of the others; raises BadPayloadError.

    `default` is the route of the address (`?route=`); a `route` beside `members` is stronger, and
    one of a row's own strongest.
    """
    rows: list[Row] = []
    rejected: list[dict[str, Any]] = []
    if isinstance(body, dict) and "members" in body:
        body, default = body["members"], body.get("route", default)
        if not isinstance(body, list):
            raise BadPayloadError("members: must be a list")
    if not isinstance(body, list | dict):
        raise BadPayloadError("body: must be an object, a list, or an object with members")
    for index, item in enumerate(body if isinstance(body, list) else [body]):
        try:
            rows.append(_row(customer_event(item) or item, default, routes))
        except RowError as exc:
            rejected.append({"index": index, "error": str(exc)})
    return rows, rejected


def _row(item: Any, default_route: Any, routes: Routes) -> Row:
    if not isinstance(item, dict):
        raise RowError("must be an object")
    name = item.get("route")
    route = _route(default_route if name is None else name, routes)
    properties = item.get("properties")
    if not isinstance(properties, dict | None):
        raise RowError("properties: must be an object")
    member = {**(properties or {}), **{k: v for k, v in item.items() if k not in _NOT_PROPERTIES}}
    distinct_id, email = _distinct_id(item), _email(item)
    if not distinct_id and not email:
        raise RowError("needs an email or a distinct_id that names somebody")
    for key in (*ID_NAMES, *EMAIL_NAMES):
        member.pop(key, None)
    if distinct_id:
        member["mixpanel_distinct_id"] = distinct_id
    if email:
        member["email"] = email
    return Row(route, member)


def _route(name: Any, routes: Routes) -> Route:
    if name is None:
        raise RowError("route: is missing")
    route = routes.named(name) if isinstance(name, str) else None
    if route is None:
        raise RowError("route: no route of this name in routes.toml")
    return route


def _given(item: dict[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    return next(((n, item[n]) for n in names if item.get(n) not in (None, "")), (names[0], None))


def _distinct_id(item: dict[str, Any]) -> str:
    name, value = _given(item, ID_NAMES)
    if value is None:
        return ""
    text = as_id(value)
    if text is None:
        raise RowError(f"{name}: must be a string or a whole number, at most 255 characters")
    return usable_id(text)


def _email(item: dict[str, Any]) -> str:
    name, value = _given(item, EMAIL_NAMES)
    if value is None:
        return ""
    if not isinstance(value, str) or not normal_email(value):
        raise RowError(f"{name}: is not an address")
    return value.strip()
