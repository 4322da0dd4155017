"""identify: tells whose interview this is.

The ledger's record of the interview we started is the strongest; then the ids that Koji sends
back, then the address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from common.budgets import start_counters
from common.identity import email_hash, id_hash, normal_email, study_hash, usable_id
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
    value = ledger.value(INVITATIONS, key) if key else None
    if key is not None and ledger.is_erased(key):
        return Respondent("", by_study, erased=True)
    if key is None or not value:
        return Respondent(_told_id(result), by_study)
    person = Invitation.decode(value)
    route = config.routes.named(person.route) if person.route else None
    if route is None:
        route = _route_of(config, ledger, key) or by_study
    if route is not None and not person.route:
        person = replace(person, route=route.name)
        ledger.confirm_start(
            invitations(route.name),
            key,
            value=person.encode(),
            interview_id=result.interview_id,
            counters=start_counters(route, result.completed_at_ms),
        )
    known = person.distinct_id or usable_id(person.email) or _told_id(result)
    return Respondent(known, route, person, key)


def _told_id(result: InterviewResult) -> str:
    """Return the id that Koji sends back, else the address."""
    return (
        usable_id(result.external_id)
        or usable_id(result.respondent_id)
        or (result.email.strip() if normal_email(result.email) else "")
    )


def _find_person(config: Config, ledger: Ledger, result: InterviewResult) -> str | None:
    """Return the key of the invitation of a person whose interview id we were never told.

    A record that still says who it was is preferred to one of which only the key is left.
    """
    emptied = None
    routes = [route for route in config.routes if route.study_id == result.study_id]
    for route in routes or list(config.routes):
        study = study_hash(route.study_id)
        for told in (result.external_id, result.respondent_id):
            if told.endswith(f".{study}") and ledger.value(INVITATIONS, told) is not None:
                return told  # under join_key = "respondent_id" the key may have gone as the id
        names = []
        for told in (result.external_id, result.respondent_id):
            name = id_hash(told)
            names += [ledger.alias(name) or "", name] if name else []
        for key in (f"{name}.{study}" for name in (*names, email_hash(result.email)) if name):
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
