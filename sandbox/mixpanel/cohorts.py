"""The saved cohorts, loaded by a control route, and the profiles a query finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.mixpanel.profiles import ProfileStore


class CohortError(ValueError):
    """A cohort to load is not one."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a cohort; without properties it may have no profile."""

    distinct_id: str | int
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cohort:
    """A saved cohort."""

    cohort_id: str
    name: str
    members: tuple[Member, ...]


def parse_cohort(body: Mapping[str, Any]) -> Cohort:
    """Return the cohort of a control call; raises CohortError."""
    cohort_id, members = body.get("id"), body.get("members")
    if not isinstance(cohort_id, str | int) or not isinstance(members, list):
        raise CohortError("a cohort has an id and a list of members")
    name = str(body.get("name") or f"Cohort {cohort_id}")
    return Cohort(str(cohort_id), name, tuple(_parse_member(member) for member in members))


def _parse_member(member: object) -> Member:
    if not isinstance(member, dict) or not isinstance(member.get("distinct_id"), str | int):
        raise CohortError("a member has a distinct_id")
    properties = member.get("properties") or {}
    if not isinstance(properties, dict):
        raise CohortError("the properties of a member are an object")
    return Member(member["distinct_id"], properties)


def find_members(
    cohort: Cohort | None, store: ProfileStore, *, include_all_users: bool
) -> list[Member]:
    """Return who is in `cohort`, or everybody without one, with what `/engage` wrote since.

    `include_all_users` keeps members without a profile, that is without any property.
    """
    if cohort is None:
        everybody = store.profiles.values()
        return [Member(profile.distinct_id, profile.properties) for profile in everybody]
    found = []
    for member in cohort.members:
        profile = store.profiles.get(str(member.distinct_id))
        properties = {**member.properties, **(profile.properties if profile else {})}
        if properties or include_all_users:
            found.append(Member(member.distinct_id, properties))
    return found
