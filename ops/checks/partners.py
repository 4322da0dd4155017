"""Koji and Mixpanel: are the credentials good? Asked so that nothing is changed there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from ops.checks import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from common.config import Config
    from ops.web import Web

    Told = Callable[[str, requests.Response], None]

REFUSED = frozenset({401, 403})
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
BUSY = "the rate limit is used up at the moment, so this could not be tried out"


def check_koji(config: Config, web: Web, told: Told) -> Iterator[Check]:
    """Yield a check for each API key; `told` is given every answer."""
    for variable, key in config.api_keys.items():
        name = f"koji:{variable}"
        try:
            # Reading an interview that cannot exist: a good key gets 404, a bad one 401.
            with_key = _read_nothing(config, web, {"Authorization": f"Bearer {key}"})
            told("Koji", with_key)
            yield _judge_koji(config, web, name, with_key)
        except requests.RequestException as exc:
            yield _unreachable(name, "KOJI_BASE_URL", config.settings.koji_base_url, exc)


def _read_nothing(config: Config, web: Web, headers: dict[str, str]) -> requests.Response:
    settings = config.settings
    return web.call(
        "GET",
        f"{settings.koji_base_url}/api/v1/interviews/{uuid.uuid4()}",
        timeout_seconds=settings.koji_timeout_seconds,
        headers=headers,
    )


def _judge_koji(config: Config, web: Web, name: str, answer: requests.Response) -> Check:
    status, variable = answer.status_code, name.removeprefix("koji:")
    if status in REFUSED:
        detail = (
            f"Koji refuses the key (HTTP {status}): make one with the permissions interview:start "
            f"and interview:read in the project's settings, and put it into {variable}"
        )
        return Check(name, ok=False, detail=detail)
    trouble = _trouble(answer, "KOJI_BASE_URL")
    if trouble:
        return Check(name, ok=False, detail=trouble)
    if status == TOO_MANY_REQUESTS:
        return Check(name, ok=True, detail=BUSY)
    if _read_nothing(config, web, {}).status_code in REFUSED:
        return Check(name, ok=True, detail="Koji accepts the key")
    if _is_html(answer):
        detail = (
            f"{config.settings.koji_base_url} answers like a web page, not like Koji's API: set "
            "KOJI_BASE_URL to the address of the API"
        )
        return Check(name, ok=False, detail=detail)
    detail = f"HTTP {status}, but the same without a key: it was not refused, nor proved good"
    return Check(name, ok=True, detail=detail)


def check_mixpanel(config: Config, web: Web, told: Told) -> Iterator[Check]:
    """Yield a check of what `/import` is called with; `told` is given the answer."""
    settings = config.settings
    name, params = "mixpanel:MIXPANEL_PROJECT_TOKEN", {"strict": "1"}
    auth = (settings.mixpanel_project_token, "")
    if settings.mixpanel_service_account:
        name, auth = "mixpanel:MIXPANEL_SERVICE_ACCOUNT", settings.mixpanel_service_account
        params["project_id"] = settings.mixpanel_project_id or ""
    try:
        # A batch without events is checked for its credentials and imports nothing.
        answer = web.call(
            "POST",
            f"{settings.mixpanel_api_host}/import",
            timeout_seconds=settings.mixpanel_timeout_seconds,
            params=params,
            auth=(auth[0].encode(), auth[1].encode()),
            data=b"[]",
            headers={"Content-Type": "application/json"},
        )
    except requests.RequestException as exc:
        yield _unreachable(name, "MIXPANEL_API_HOST", settings.mixpanel_api_host, exc)
        return
    told("Mixpanel", answer)
    status, variable = answer.status_code, name.removeprefix("mixpanel:")
    trouble = _trouble(answer, "MIXPANEL_API_HOST")
    if status in REFUSED:
        trouble = (
            f"Mixpanel refuses it (HTTP {status}): compare {variable} with the project's settings, "
            "and MIXPANEL_API_HOST with the region of the project"
        )
    elif not trouble and (status == NOT_FOUND or _is_html(answer)):
        trouble = (
            f"{settings.mixpanel_api_host} does not answer like Mixpanel's API (HTTP {status}): "
            "set MIXPANEL_API_HOST"
        )
    good = BUSY if status == TOO_MANY_REQUESTS else f"Mixpanel accepts it (HTTP {status})"
    yield Check(name, ok=not trouble, detail=trouble or good)


def _trouble(answer: requests.Response, variable: str) -> str:
    """Say what is wrong whoever answers; empty if nothing is."""
    status = answer.status_code
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        to = urlsplit(answer.headers.get("Location", ""))
        place = f"{to.scheme}://{to.netloc}" if to.netloc else "where the API is"
        return f"the address redirects (HTTP {status}): set {variable} to {place}"
    if status >= SERVER_ERROR:
        return f"HTTP {status}: the partner has trouble; try again later"
    return ""


def _is_html(answer: requests.Response) -> bool:
    return "html" in answer.headers.get("Content-Type", "").lower()


def _unreachable(name: str, variable: str, url: str, exc: requests.RequestException) -> Check:
    detail = (
        f"no answer from {url} ({type(exc).__name__}): is {variable} right, and may this machine "
        "reach it?"
    )
    return Check(name, ok=False, detail=detail)
