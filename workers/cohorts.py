"""unpack_page: a page of cohort members becomes invitations, under the route's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from common.identity import email_hash, id_hash, normal_email, study_hash, usable_id
from common.ledger import Came, Cohort, Ledger, invitations
from common.messages import Invitation
from common.policy import refusal

if TYPE_CHECKING:
    from common.messages import CohortPage
    from common.routes import Route

log = structlog.get_logger(__name__)
MIXPANEL = "mixpanel"  # the source of what stands in a cohort
MEMBERS_A_CALL = 250  # Redis does nothing else meanwhile, so a call takes some ms
MS_A_DAY = 86_400_000
TEXT_CHARS = 255
# Mixpanel exports `email` and `mixpanel_distinct_id`, and raw properties by their own names
# (docs.mixpanel.com/docs/cohort-sync/webhooks; the raw names were seen in real deliveries).
EMAIL_KEYS = ("email", "$email")
ID_KEYS = ("mixpanel_distinct_id", "distinct_id", "$distinct_id")
FIRST_NAME_KEYS = ("first_name", "$first_name")
LAST_NAME_KEYS = ("last_name", "$last_name")
NAME_KEYS = ("name", "$name")


def unpack_page(ledger: Ledger, route: Route, page: CohortPage) -> dict[str, int]:
    """Put a page's people into the route's lane, or take out those who left; safe to repeat.

    Returns how many were `added`, `known`, `left`, `outdated` or `cancelled:<reason>`; `copies` is
    1 if a whole copy of the cohort is in with this page.
    """
    lane, study = invitations(route.name), study_hash(route.study_id)
    received_at_ms, cohort = page.received_at_ms, cohort_of(route, page)
    is_copy = page.action == "members" and page.source == MIXPANEL
    if is_copy:
        as_of_ms = ledger.open_page(cohort, page.session_id, received_at_ms)
    came = Came(received_at_ms, cohort.name, as_of_ms if is_copy else received_at_ms)
    tally: dict[str, int] = {}
    for start in range(0, len(page.members), MEMBERS_A_CALL):
        members = page.members[start : start + MEMBERS_A_CALL]
        if page.action == "remove_members":
            names = [(email_hash(_email(m)), id_hash(_id(m))) for m in members]
            found = {"left": ledger.leave(lane, study, names, received_at_ms)}
        else:
            cooldown_ms = round((route.cooldown_days or 0) * MS_A_DAY)
            people = [_person(route, m, page.cohort_id, cohort.origin) for m in members]
            found = ledger.invite(lane, study, people, cooldown_ms, came)
        for name, n in found.items():
            tally[name] = tally.get(name, 0) + n
    if is_copy and ledger.close_page(
        cohort, page.session_id, received_at_ms, page.page, page.total_pages
    ):
        tally["copies"] = 1
    log.info(
        "page_unpacked", route=route.name, action=page.action, members=len(page.members), **tally
    )
    return tally


def names_on(page: CohortPage) -> list[str]:
    """Return the names (hashes) of everybody on a page."""
    both = [(email_hash(_email(member)), id_hash(_id(member))) for member in page.members]
    return [name for names in both for name in names if name]


def cohort_of(route: Route, page: CohortPage) -> Cohort:
    """Tell by which way a page's people came: the route's cohort, another of its name, or none."""
    if page.source != MIXPANEL:
        return Cohort(route.name, "x")
    own = page.cohort_id in {"", route.cohort_id}
    return Cohort(route.name, "" if own else f"={page.cohort_id.replace('|', '_')}")


def _person(
    route: Route, member: dict[str, Any], cohort_id: str, origin: str
) -> tuple[str, str, bytes, str]:
    """Return a member as the ledger takes it: two hashes, the stored form, why to refuse."""
    email, distinct_id = _email(member), _id(member)
    who_by_email, who_by_id = email_hash(email), id_hash(distinct_id)
    person = Invitation(
        distinct_id=usable_id(distinct_id),
        email=email if who_by_email else "",
        name=_name(member),
        cohort_id="" if cohort_id == route.cohort_id else cohort_id,
        properties={key: member[key] for key in route.properties if member.get(key) is not None},
        origin=origin,
    )
    return who_by_email, who_by_id, person.encode(), refusal(route, email, distinct_id)


def _text(member: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = member.get(name)
        if isinstance(value, bool):
            continue
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()[:TEXT_CHARS]
    return ""


def _email(member: dict[str, Any]) -> str:
    return next((text for key in EMAIL_KEYS if normal_email(text := _text(member, (key,)))), "")


def _id(member: dict[str, Any]) -> str:
    return _text(member, ID_KEYS)


def _name(member: dict[str, Any]) -> str:
    parts = [_text(member, FIRST_NAME_KEYS), _text(member, LAST_NAME_KEYS)]
    return " ".join(part for part in parts if part) or _text(member, NAME_KEYS)
