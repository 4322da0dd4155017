"""Holdings: everything that the ledger knows of one person, read only.

Follows the same names as `ops/erasure.py`, so what is shown here is what erasing removes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from common.identity import id_hash, study_hash
from common.ledger.lanes import DELIVERIES, INBOX, INVITATIONS, WRITES, Lane
from common.ledger.suppressions import Suppressions
from common.messages import CohortPage, Delivery, InterviewResult, Invitation
from common.stored import decode
from ops.console.standing import Standing, find_standings
from ops.members import EMAIL_KEYS, ID_KEYS
from ops.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.console.desk import Desk

PAYLOADS_A_CALL = 100
NOBODY = Invitation()


@dataclass(frozen=True)
class Study:
    """An invitation to a study: whose, where it stands, and what happened on the way."""

    study_id: str
    standing: Standing
    person: Invitation


@dataclass(frozen=True)
class Handover:
    """The link of one study on its way to the person; `needless` is why it was not sent."""

    study_id: str
    deliver: str
    standing: Standing
    needless: str = ""


@dataclass
class Holdings:
    """What is held; `payloads` are those that wait and mention the person, by what they are."""

    last_started_ms: int | None = None
    studies: list[Study] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    results: list[Standing] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    payloads: dict[str, int] = field(default_factory=dict)
    suppressed: bool = False

    @property
    def people(self) -> list[Invitation]:
        """The person as each invitation has them, differing ones only."""
        found = (
            Invitation(p.distinct_id, p.email, p.name) for p in (s.person for s in self.studies)
        )
        return [one for one in {repr(one): one for one in found}.values() if one != NOBODY]

    def __bool__(self) -> bool:
        """Tell whether anything is held."""
        held = self.studies or self.results or self.profiles or self.payloads
        return bool(held or self.last_started_ms or self.suppressed)


def find_holdings(desk: Desk, identity: str) -> Holdings:
    """Look everywhere for an address (in any case) or a distinct_id."""
    names = Names(desk.ledger, identity)
    names.follow()
    found = Holdings()
    writes = set(names.interviews)
    for lane in (INBOX, WRITES):
        for key, raw in _waiting(desk, lane):
            what = _mentions(names, key, raw)
            if what == "writes":
                writes.add(key)
            elif what:
                found.payloads[what] = found.payloads.get(what, 0) + 1
    keys = sorted(names.invitations)
    values: Any = desk.redis.hmget(INVITATIONS.key("entries"), keys) if keys else []
    studies = {study_hash(route.study_id): route.study_id for route in desk.config.routes}
    for standing, raw in zip(find_standings(desk, INVITATIONS, keys), values, strict=True):
        study = standing.key.rpartition(".")[2]
        found.studies.append(Study(studies.get(study, study), standing, Invitation.decode(raw)))
    found.handovers = _handovers(desk, found.studies)
    found.results = find_standings(desk, WRITES, sorted(writes))
    hashes = sorted(names.hashes)
    profiles: Any = desk.ledger.profiles(hashes)
    found.profiles = [orjson.loads(raw) for raw in profiles if raw]
    started: Any = desk.redis.hmget(INVITATIONS.key("people"), hashes) if hashes else []
    found.suppressed = bool(Suppressions(desk.ledger).among(hashes))
    found.last_started_ms = max((int(float(raw)) for raw in started if raw), default=None)
    return found


def _handovers(desk: Desk, studies: list[Study]) -> list[Handover]:
    """Return the deliveries of invitations, which have the same keys."""
    keys = [study.standing.key for study in studies]
    values: Any = desk.redis.hmget(DELIVERIES.key("entries"), keys) if keys else []
    found = []
    standings = find_standings(desk, DELIVERIES, keys)
    for study, standing, raw in zip(studies, standings, values, strict=True):
        if standing.state == "unknown":
            continue
        route = desk.config.routes.named(study.standing.route or study.person.route)
        needless = raw.decode() if standing.state == "done" and raw else ""
        deliver = route.deliver if route else ""
        found.append(Handover(study.study_id, deliver, standing, needless))
    return found


def _waiting(desk: Desk, lane: Lane) -> Iterator[tuple[str, bytes]]:
    """Yield every payload that is still kept: what is done has none."""
    for state in ("pending", "in_flight", "dead"):
        keys = (key for key, _ in desk.redis.zscan_iter(lane.key(state)))
        while part := list(islice(keys, PAYLOADS_A_CALL)):
            values: Any = desk.redis.hmget(lane.key("entries"), part)
            yield from ((k.decode(), raw) for k, raw in zip(part, values, strict=True) if raw)


def _mentions(names: Names, key: str, raw: bytes) -> str:
    """Return what kind of payload this is if it is about the person, else an empty text."""
    try:
        message = decode(raw)
    except (ValueError, TypeError, KeyError, AttributeError):
        return "unreadable" if orjson.dumps(names.told).lower() in raw.lower() else ""
    if isinstance(message, CohortPage):
        said = ([str(one.get(k, "")) for k in (*EMAIL_KEYS, *ID_KEYS)] for one in message.members)
        hits = [names.are(*texts) for texts in said]  # each may add names, so all are asked
        return "cohort_pages" if any(hits) else ""
    if isinstance(message, InterviewResult):
        ours = message.interview_id in names.interviews or message.external_id in names.invitations
        told = (message.email, message.external_id, message.respondent_id)
        return "results" if ours or names.are(*told) else ""
    if isinstance(message, Delivery):
        return ""  # found by its key, as its invitation is
    ours = key in names.interviews or id_hash(message.distinct_id) in names.hashes
    return "writes" if ours or names.are(message.distinct_id) else ""
