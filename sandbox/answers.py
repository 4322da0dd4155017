"""JSON answers of the sandbox, and how a control route reads its JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

_OPTIONS = orjson.OPT_NON_STR_KEYS


def json_answer(
    payload: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `payload` as a JSON response; dataclasses are written as objects."""
    return json_bytes_answer(orjson.dumps(payload, option=_OPTIONS), status, headers)


def json_bytes_answer(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return bytes that are JSON already."""
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


async def read_object(request: web.Request) -> dict[str, Any]:
    """Return the body of a control call; an empty body is an empty object, else 400."""
    body = await request.read()
    try:
        value = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise bad_request("the body must be a JSON object")
    return value


def read_number(request: web.Request, name: str, default: float) -> float:
    """Return a number of the query string, else 400."""
    text = request.query.get(name)
    try:
        return float(text) if text is not None else default
    except ValueError as exc:
        raise bad_request(f"{name} must be a number") from exc


def bad_request(message: str) -> web.HTTPBadRequest:
    """Return the error that answers a control call with 400 and the reason."""
    text = orjson.dumps({"error": "bad_request", "message": message}).decode()
    return web.HTTPBadRequest(text=text, content_type="application/json")


def not_found(message: str) -> web.HTTPNotFound:
    """Return the error that answers a control call with 404 and the reason."""
    text = orjson.dumps({"error": "not_found", "message": message}).decode()
    return web.HTTPNotFound(text=text, content_type="application/json")
