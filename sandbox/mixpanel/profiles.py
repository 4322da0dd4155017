"""The user profiles, and the history of when each one's last interview was set to be."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.mixpanel.profile_operations import (
    DELETE,
    OPERATIONS,
    OperationError,
    Properties,
    apply_operation,
)

_WATCHED = "last_interview_at"


@dataclass(frozen=True, slots=True)
class Setting:
    """One `$set` of `last_interview_at`; `received_at` is unix seconds."""

    received_at: float
    last_interview_at: Any


@dataclass(slots=True)
class Profile:
    """A profile; `moved_back` counts settings to an earlier interview than before."""

    distinct_id: str
    properties: Properties = field(default_factory=dict)
    history: list[Setting] = field(default_factory=list)
    moved_back: int = 0


class ProfileStore:
    """All profiles by distinct_id; writing to an unknown one makes a new profile."""

    def __init__(self) -> None:
        """Start empty."""
        self.profiles: dict[str, Profile] = {}
        self.moved_back = 0

    def update(self, update: Mapping[str, Any]) -> None:
        """Apply one object of an `/engage` call; raises OperationError and changes nothing then."""
        operation = _operation_of(update)
        distinct_id = update.get("$distinct_id")
        if not isinstance(distinct_id, str | int) or distinct_id in {"", True, False}:
            raise OperationError("$distinct_id is missing or invalid")
        distinct_id = str(distinct_id)
        if operation == DELETE:
            self.profiles.pop(distinct_id, None)
            return
        profile = self.profiles.get(distinct_id) or Profile(distinct_id)
        changed = apply_operation(operation, update[operation], profile.properties)
        if operation == "$set" and _WATCHED in changed:
            self._watch(profile, update[operation])
        if update.get("$ignore_time") is not True:
            changed["$last_seen"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        profile.properties = changed
        self.profiles[distinct_id] = profile

    def _watch(self, profile: Profile, values: Mapping[str, Any]) -> None:
        if _WATCHED not in values:
            return
        before, after = profile.properties.get(_WATCHED), values[_WATCHED]
        profile.history.append(Setting(time.time(), after))
        # Mixpanel's dates, YYYY-MM-DDTHH:MM:SS in UTC, are in order as text.
        if before is not None and str(after) < str(before):
            profile.moved_back += 1
            self.moved_back += 1


def _operation_of(update: Mapping[str, Any]) -> str:
    operations = [name for name in update if name in OPERATIONS]
    if len(operations) != 1:
        raise OperationError("an update has exactly one operation")
    return operations[0]
