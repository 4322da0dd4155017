"""identify: tells whose interview this is.

The ledger's record of the interview we started is the strongest; then the ids that Koji sends
back, then the address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from common.budgets import start_counters
from common.identity import (
    PERSON_CHARS,
    email_hash,
    id_hash,
    normal_email,
    study_hash,
    usable_id,
)
from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger
    from common.messages import InterviewResult
    from common.routes import Route


@dataclass(frozen=True)
class Respondent:
    """Who gave the interview: `distinct_id` is empty for nobody we can name.

    `key` and `person` are the ledger's record, where we started them; `erased` says that they
    asked to be forgotten.
    """

    distinct_id: str
    route: Route | None = None
    person: Invitation | None = None
    key: str = ""
    erased: bool = False


def identify(config: Config, ledger: Ledger, result: InterviewResult) -> Respondent:
    """Find the respondent; a start that was never confirmed is confirmed by its result."""
    by_study = config.routes.for_study(result.study_id)
    key = ledger.find_interview(result.interview_id)
    if key is None and not result.anonymous:
        key = _find_person(config, ledger, result)
    if key is None:
        return Respondent(_told_id(config, result, by_study), by_study)
    if ledger.is_erased(key):
        return Respondent("", by_study, erased=True)
    value = ledger.value(INVITATIONS, key)
    if not value and by_study is None:  # too little to tell which study this was
        return Respondent(_told_id(config, result, by_study), by_study)
    person = Invitation.decode(value or b"")
    route = config.routes.named(person.route) if person.route else None
    if route is None:
        route = _route_of(config, ledger, key) or by_study
    told = _told_id(config, result, by_study)
    known = person.distinct_id or usable_id(person.email) or told
    if route is not None and not person.route:
        person = replace(person, route=route.name, distinct_id=person.distinct_id or known)
        ledger.confirm_start(
            invitations(route.name),
            key,
            value=person.encode(),
            interview_id=result.interview_id,
            counters=start_counters(route, result.completed_at_ms),
            lapses_after_ms=route.interview_timeout_ms,
            others=[invitations(one.name) for one in config.routes if one != route],
        )
    return Respondent(known, route, person, key)


def _told_ids(result: InterviewResult) -> list[str]:
    """Return the ids that Koji sends back.

    An address may come percent-encoded, where it went into an interview's link as it is
    (`?external_id=ann%40example.com`): it is read as the address that it stands for.
    """
    return [
        decoded if normal_email(decoded := unquote(told)) else told
        for told in (result.external_id, result.respondent_id)
    ]


def _told_id(config: Config, result: InterviewResult, route: Route | None) -> str:
    """Return the id that Koji sends back, else the address; empty if neither names anybody.

    A key of ours names nobody in Mixpanel, and where Mixpanel does not know people by their
    address (`join_key = "respondent_id"`), neither does an address.
    """
    for told in _told_ids(result):
        if usable_id(told) and not _is_key(config, told):
            return usable_id(told)
    by_address = route is None or route.join_key == "email"
    return result.email.strip() if by_address and normal_email(result.email) else ""


def _is_key(config: Config, told: str) -> bool:
    """Tell whether an id is the key of an invitation, which went to Koji in place of an address."""
    person, _, study = told.partition(".")
    studies = {study_hash(route.study_id) for route in config.routes}
    return len(person) == PERSON_CHARS and study in studies


def names_of(ledger: Ledger, result: InterviewResult) -> list[str]:
    """Return every name (hash) of whoever Koji says it was, the ids before the address."""
    told = [result.external_id, result.respondent_id]
    ids = _told_ids(result)
    names = [name for one in (*told, *ids) for name in (id_hash(one), email_hash(one))]
    return ledger.names([*names, email_hash(result.email)])


def _find_person(config: Config, ledger: Ledger, result: InterviewResult) -> str | None:
    """Return the key of the invitation of a person whose interview id we were never told.

    A record that still says who it was is preferred to one of which only the key is left.
    """
    emptied = None
    routes = [route for route in config.routes if route.study_id == result.study_id]
    names = names_of(ledger, result)
    for route in routes or list(config.routes):
        study = study_hash(route.study_id)
        for told in (result.external_id, result.respondent_id):
            if told.endswith(f".{study}") and ledger.value(INVITATIONS, told) is not None:
                return told  # under join_key = "respondent_id" the key may have gone as the id
        for key in (f"{name}.{study}" for name in names):
            value = ledger.value(INVITATIONS, key)
            if value:
                return key
            emptied = key if value is not None and emptied is None else emptied
    return emptied


def _route_of(config: Config, ledger: Ledger, key: str) -> Route | None:
    """Return the route in whose lane an unfinished invitation stands."""
    routes = [r for r in config.routes if key.endswith(f".{study_hash(r.study_id)}")]
    for route in routes:
        if ledger.waits_in(invitations(route.name), key):
            return route
    return routes[0] if routes else None
