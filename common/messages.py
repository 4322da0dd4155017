"""What passes between the houses: frozen dataclasses and their JSON form in the ledger.

`VERSION` stands in every stored message, so that newer code can tell what older code wrote; in an
invitation, of which millions wait, only from version 2 on.
`trace_id` is that of the request a message came with: log lines and spans carry it to the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import orjson

VERSION = 1


@dataclass(frozen=True)
class Message:
    """A message that knows its kind and turns into JSON bytes and back."""

    KIND: ClassVar[str] = ""

    def encode(self) -> bytes:
        """Return compact JSON with the kind and the schema version."""
        # Not `asdict`: that copies every member of a page, which costs a hundred times as much.
        return orjson.dumps({"v": VERSION, "kind": self.KIND, **self.__dict__})

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild the message; keys that this version does not know are ignored."""
        return cls(**{f.name: data[f.name] for f in fields(cls) if f.name in data})


@dataclass(frozen=True)
class CohortPage(Message):
    """One accepted page of cohort members.

    `action` is Mixpanel's: `members` (whole copy), `add_members` or `remove_members`
    (docs.mixpanel.com/docs/cohort-sync/webhooks). `members` are as received; `total_pages` is 0
    where it was not told. `source` is `mixpanel` for what stands in a Mixpanel cohort.
    """

    KIND: ClassVar[str] = "cohort_page"

    action: str
    route: str
    cohort_id: str
    members: list[dict[str, Any]]
    received_at_ms: int
    session_id: str = ""
    page: int = 1
    total_pages: int = 1
    source: str = "mixpanel"
    trace_id: str = ""


@dataclass(frozen=True)
class ReceivedResult(Message):
    """What may be of use in a webhook of Koji's, read by the worker that unpacks it."""

    KIND: ClassVar[str] = "received_result"

    interview_id: str
    received_at_ms: int
    document: dict[str, Any]
    trace_id: str = ""


@dataclass(frozen=True)
class Answer:
    """One structured answer: `kind` is Koji's question type, `value` a JSON value."""

    slug: str
    kind: str
    value: Any


@dataclass(frozen=True)
class InterviewResult(Message):
    """An analysed interview as Koji reported it, read tolerantly (koji.so/docs/webhook-setup)."""

    KIND: ClassVar[str] = "interview_result"

    interview_id: str
    completed_at_ms: int
    received_at_ms: int
    study_id: str = ""
    email: str = ""
    external_id: str = ""
    respondent_id: str = ""
    anonymous: bool = False
    themes: tuple[str, ...] = ()
    sentiment: str = ""
    quality: float | None = None
    mode: str = ""
    transcript_url: str = ""
    answers: tuple[Answer, ...] = ()
    trace_id: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild the message with its answers."""
        known = {f.name for f in fields(Answer)}
        answers = tuple(
            Answer(**{key: value for key, value in answer.items() if key in known})
            for answer in data.get("answers", ())
        )
        themes = tuple(data.get("themes", ()))
        return super().from_dict({**data, "answers": answers, "themes": themes})


@dataclass(frozen=True)
class Invitation:
    """One person to be started on a study; one-letter keys, since a million of these wait.

    `route` is only filled in once the person is started: the lane tells it before. `origin` says
    by which way they came: empty for the route's own cohort, `=<id>` for another cohort that it
    takes by name, `x` for no cohort at all, whose people no copy of a cohort takes out.
    """

    distinct_id: str = ""
    email: str = ""
    name: str = ""
    cohort_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    route: str = ""
    origin: str = ""

    def encode(self) -> bytes:
        """Return compact JSON without empty values, after the origin where there is one."""
        data = {
            "d": self.distinct_id,
            "e": self.email,
            "n": self.name,
            "c": self.cohort_id,
            "p": self.properties,
            "r": self.route,
        }
        told = orjson.dumps({key: value for key, value in data.items() if value})
        return b":%s|%s" % (self.origin.encode(), told) if self.origin else told

    @classmethod
    def decode(cls, raw: bytes | str) -> Invitation:
        """Rebuild an invitation, also from the empty record that erasing leaves."""
        text = raw.encode() if isinstance(raw, str) else raw
        origin = ""
        if not text.startswith(b"{"):  # `<ms when they came again, if they did>:<origin>|`
            head, _, text = text.partition(b"|")
            origin = head.partition(b":")[2].decode()
        data = orjson.loads(text or b"{}")
        if not is_known(data.get("v", 1)):
            raise ValueError(f"unknown invitation: version {data['v']!r}")
        return cls(
            distinct_id=data.get("d", ""),
            email=data.get("e", ""),
            name=data.get("n", ""),
            cohort_id=data.get("c", ""),
            properties=data.get("p", {}),
            route=data.get("r", ""),
            origin=origin,
        )


@dataclass(frozen=True)
class Delivery(Message):
    """What a started person is still owed; who that is stands with the invitation of this key."""

    KIND: ClassVar[str] = "delivery"

    route: str
    link: str
    interview_id: str
    started_at_ms: int
    trace_id: str = ""


@dataclass(frozen=True)
class ResultWrite(Message):
    """One result on its way to Mixpanel: the event whole, the profile by its owner.

    `event` is an `/import` event; the profile's newest values are kept beside the lane, so an
    older interview can never bring older values back. `counter` is what it counts as.
    """

    KIND: ClassVar[str] = "result_write"

    event: dict[str, Any]
    distinct_id: str
    route: str
    received_at_ms: int
    trace_id: str = ""
    counter: str = "written"


def is_known(version: Any) -> bool:
    """Tell whether this code can read a stored message of this version."""
    return isinstance(version, int) and 1 <= version <= VERSION
