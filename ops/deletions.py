"""Mixpanel's deletion of a person: asked for, and looked after until it is through.

docs.mixpanel.com/reference/gdpr-api: a task is made for up to 2000 distinct_ids of a project, with
an OAuth token of its own; it may take weeks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.settings import Settings
    from ops.web import Web

COMPLIANCE = ("GDPR", "CCPA")
REFUSED = frozenset({401, 403})
NOT_FOUND = 404
UNSET = (
    "MIXPANEL_GDPR_TOKEN is not set: make a token in Mixpanel under Profile & Preferences, Data & "
    "Privacy, or ask there for the deletion yourself"
)


class DeletionError(Exception):
    """What kept Mixpanel from being asked, and what to do about it."""


class Deletions:
    """Calls Mixpanel's GDPR API for the project that results go to."""

    def __init__(self, settings: Settings, web: Web) -> None:
        """Take host, project and token."""
        self._settings, self._web = settings, web

    def ask(self, distinct_ids: Sequence[str], compliance: str) -> str:
        """Ask for the deletion of a person; returns the task's id. Raises DeletionError."""
        body = {"distinct_ids": list(distinct_ids), "compliance_type": compliance}
        found = self._call("POST", "/", data=orjson.dumps(body))
        task = found.get("task_id")
        if not isinstance(task, str) or not task:
            raise DeletionError("Mixpanel's answer names no task_id: look in Mixpanel itself")
        return task

    def status(self, task_id: str) -> dict[str, Any]:
        """Return how far a task is: `status` as Mixpanel says it. Raises DeletionError."""
        found = self._call("GET", f"/{quote(task_id, safe='')}")
        return {
            "task_id": task_id,
            "status": str(found.get("status") or "UNKNOWN"),
            "compliance_type": found.get("compliance_type"),
            "requested_at": found.get("date_requested"),
        }

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        settings = self._settings
        if not settings.mixpanel_gdpr_token:
            raise DeletionError(UNSET)
        try:
            answer = self._web.call(
                method,
                f"{settings.mixpanel_query_host}/api/app/data-deletions/v3.0{path}",
                timeout_seconds=settings.mixpanel_timeout_seconds,
                params={"token": settings.mixpanel_project_token},
                headers={
                    "Authorization": f"Bearer {settings.mixpanel_gdpr_token}",
                    "Content-Type": "application/json",
                },
                **options,
            )
        except requests.RequestException as exc:
            host = settings.mixpanel_query_host
            raise DeletionError(f"no answer from {host} ({type(exc).__name__})") from exc
        if answer.status_code in REFUSED:
            raise DeletionError(
                f"Mixpanel refuses MIXPANEL_GDPR_TOKEN (HTTP {answer.status_code}): it expires "
                "after a year, and only owners and admins of the project have one"
            )
        if answer.status_code == NOT_FOUND and method == "GET":
            raise DeletionError("Mixpanel knows no deletion with this id in this project")
        return _results(answer)


def _results(answer: requests.Response) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.content)["results"] if answer.ok else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        found = None
    if not isinstance(found, dict):
        raise DeletionError(
            f"Mixpanel answered HTTP {answer.status_code}: is MIXPANEL_QUERY_HOST right?"
        )
    return found
