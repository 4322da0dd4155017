"""A bridge whose partners, clock and Redis lie in memory, and what tests ask of it."""

from __future__ import annotations

import random
import threading
import time as real_time
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Lane, Ledger, invitations
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import Pauses
from common.ledger.scripts import Scripts
from common.ledger.ticks import note_tick
from common.messages import CohortPage, InterviewResult
from workers.breaker import Breaker
from workers.bridge import Bridge
from workers.clients.http import make_session
from workers.clients.koji import KojiClient
from workers.clients.mail import MailServer
from workers.clients.mixpanel import MixpanelClient
from workers.clients.query import QueryClient
from workers.clients.webhook import WebhookClient
from workers.cohorts import unpack_page
from workers.dispatch import dispatch
from workers.interviews import start_interviews
from workers.leases import LeaseKeeper
from workers.rate_limiter import RateLimiter
from workers.results import unpack_result
from workers.writes import write_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis
    from requests import PreparedRequest, Response

    from common.config import Config
    from common.queues import TaskNames
    from common.routes import Route

NOW_SECONDS = 1_780_000_000.0  # a Thursday in May 2026
LEASE_MS = 30_000
KOJI_URL = "https://koji.test"
RECEIVER_URL = "https://receiver.test"
MIXPANEL_URL = "https://mixpanel.test"
COUNTED = frozenset(
    {
        *("added", "known", "left", "started", "completed", "written"),
        *("skipped", "cancelled", "dead", "invites", "credits"),
    }
)
STATES = ("pending", "in_flight", "done", "dead", "cancelled")


class Clock:
    """Stands still until it is told; also in the place of the module `time`."""

    def __init__(self, seconds: float = NOW_SECONDS) -> None:
        self.seconds = seconds
        self.slept: list[float] = []

    def __call__(self) -> int:
        return int(self.seconds * 1000)

    def time(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


@dataclass
class Answer:
    """What a partner answers; a body that is not bytes goes as JSON."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class FakePartner(BaseAdapter):
    """Writes down each request and answers as told, else as usual."""

    def __init__(self, usual: Callable[[PreparedRequest], Answer]) -> None:
        super().__init__()
        self.usual = usual
        self.requests: list[PreparedRequest] = []
        self._script: list[tuple[str, Any]] = []
        self._lock = threading.Lock()

    def then(self, *steps: Any, path: str = "") -> None:
        """Answer the next requests (whose path ends so) with these; an exception is raised."""
        self._script += [(path, step) for step in steps]

    def send(self, request: PreparedRequest, **_: Any) -> Response:  # type: ignore[override]
        with self._lock:
            self.requests.append(request)
            step = self._next(urlsplit(request.url or "").path)
        answer = step(request) if callable(step) else step
        if isinstance(answer, Exception):
            raise answer
        return respond(request, answer)

    def _next(self, path: str) -> Any:
        for number, (ending, step) in enumerate(self._script):
            if path.endswith(ending):
                del self._script[number]
                return step
        return self.usual

    def close(self) -> None:
        """Hold nothing open."""

    def bodies(self, path: str = "") -> list[Any]:
        """Return the JSON of each request."""
        return [
            orjson.loads(request.body)
            for request in self.requests
            if urlsplit(request.url or "").path.endswith(path)
        ]


def respond(request: PreparedRequest, answer: Answer) -> Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
    response.raw = BytesIO(body)
    response.request = request
    response.url = request.url or ""
    return response


def refused_connection() -> RequestsConnectionError:
    """Return what requests raises where nothing listens."""
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return RequestsConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def usual_koji() -> Callable[[PreparedRequest], Answer]:
    """Return a Koji that accepts everybody, each under the next interview id."""
    numbers = iter(range(1, 1_000_000))
    return lambda _: Answer(201, {"interview_id": f"int-{next(numbers)}"})


def usual_mixpanel(request: PreparedRequest) -> Answer:
    if "/import" in (request.url or ""):
        return Answer(200, {"code": 200, "status": "OK"})
    return Answer(200, {"status": 1, "error": None})


@dataclass
class Bench:
    """The bridge with everything around it that a test sets up or looks at."""

    bridge: Bridge
    clock: Clock
    koji: FakePartner
    mixpanel: FakePartner
    receiver: FakePartner
    sent: list[tuple[TaskNames, tuple[Any, ...]]]

    @property
    def ledger(self) -> Ledger:
        return self.bridge.ledger

    def route(self, name: str = "activation") -> Route:
        route = self.bridge.config.routes.named(name)
        assert route is not None
        return route

    # --- people ------------------------------------------------------------------------------

    def page(
        self, *members: dict[str, Any], route: str = "activation", **fields: Any
    ) -> CohortPage:
        values = {
            "action": "add_members",
            "cohort_id": self.route(route).cohort_id or "",
            "received_at_ms": self.clock(),
        }
        return CohortPage(route=route, members=list(members), **{**values, **fields})

    def invite(self, *members: dict[str, Any], route: str = "activation") -> dict[str, int]:
        return unpack_page(self.ledger, self.route(route), self.page(*members, route=route))

    def key(self, email: str = "", distinct_id: str = "", route: str = "activation") -> str:
        person = email_hash(email) or id_hash(distinct_id)
        return f"{person}.{study_hash(self.route(route).study_id)}"

    def later(self, seconds: float) -> None:
        """Let time go by in which the clock ticks as ever."""
        self.clock.seconds += seconds
        note_tick(self.ledger)

    def invite_ann(self) -> str:
        """Invite somebody with an address and an id; returns the key."""
        self.invite({"email": "ann@example.com", "mixpanel_distinct_id": "u-ann", "plan": "pro"})
        return self.key("ann@example.com")

    def invite_private(self) -> str:
        """Invite somebody whose address must not leave; returns the key."""
        member = {"email": "bea@example.com", "mixpanel_distinct_id": "u-bea", "plan": "pro"}
        self.invite(member, route="private")
        return self.key("bea@example.com", route="private")

    def tickets(self, route: str = "activation") -> list[tuple[str, int]]:
        """Dispatch a route and take the tickets off the queue."""
        self.sent.clear()
        dispatch(self.bridge, self.route(route))
        return [(key, token) for _, (_, tickets) in self.sent for key, token in tickets]

    def start(self, route: str = "activation") -> None:
        """Dispatch a route and work on its tickets."""
        start_interviews(self.bridge, route, self.tickets(route))

    def start_all(self, route: str = "activation", most: int = 1000) -> None:
        """Go on until nobody is due."""
        for _ in range(most):
            tickets = self.tickets(route)
            if not tickets:
                return
            start_interviews(self.bridge, route, tickets)

    # --- results -----------------------------------------------------------------------------

    def result(self, **fields: Any) -> InterviewResult:
        values = {
            "interview_id": "int-1",
            "completed_at_ms": self.clock() - 5000,
            "received_at_ms": self.clock(),
            "study_id": "st_activation",
            "email": "ann@example.com",
            "external_id": "u-ann",
            "themes": ("Pricing", "Onboarding"),
            "sentiment": "negative",
            "quality": 4,
            "mode": "text",
        }
        return InterviewResult(**{**values, **fields})

    def unpack(self, result: InterviewResult) -> dict[str, int]:
        return unpack_result(self.bridge.config, self.ledger, result).counters

    def write(self) -> int:
        return write_results(self.bridge)

    # --- what the ledger says ----------------------------------------------------------------

    def state(self, key: str, lane: Lane | None = None) -> str | None:
        for part in [lane] if lane else self._lanes():
            for state in STATES:
                if self.ledger.redis.zscore(part.own_key(state), key) is not None:
                    return state
                if self.ledger.redis.zscore(part.key(state), key) is not None:
                    return state
        return None

    def _lanes(self) -> list[Lane]:
        return [INBOX, WRITES, *(invitations(route.name) for route in self.bridge.config.routes)]

    def lane(self, route: str = "activation") -> Lane:
        return invitations(route)

    def erase(self, key: str) -> None:
        """Forget a person as the operator's command does."""
        sets = [
            invitations(route.name).own_key(state)
            for route in self.bridge.config.routes
            for state in ("pending", "in_flight")
        ]
        Scripts(self.ledger.redis).erase(keys=[*INVITATIONS.keys(), *sets], args=["", key])

    def due_in_seconds(self, key: str, lane: Lane) -> float:
        """Return after how many seconds a waiting entry is due."""
        score = self.ledger.redis.zscore(lane.own_key("pending"), key)
        assert score is not None
        return (float(score) - self.clock()) / 1000

    def meta(self, key: str, lane: Lane) -> dict[str, Any]:
        raw = self.ledger.redis.hget(lane.key("meta"), key)
        return orjson.loads(raw) if raw else {}

    def counters(self, lane: Lane) -> dict[str, int]:
        """Return what a lane counts of people and results, without its own bookkeeping."""
        raw = self.ledger.redis.hgetall(lane.key("counters"))
        found = {name.decode(): int(n) for name, n in raw.items()}
        return {name: n for name, n in found.items() if name.partition(":")[0] in COUNTED}

    def count(self, state: str, lane: Lane) -> int:
        return int(self.ledger.redis.zcard(lane.own_key(state)))


def make_bench(config: Config, redis: Redis, clock: Clock) -> Bench:
    """Build the bridge; only its partners, queue, dice and clock are not the real ones."""
    settings = config.settings
    ledger = Ledger(redis)
    koji, mixpanel = FakePartner(usual_koji()), FakePartner(usual_mixpanel)
    sent: list[tuple[TaskNames, tuple[Any, ...]]] = []
    receiver = FakePartner(lambda _: Answer(200))
    sessions = [make_session(url) for url in (KOJI_URL, MIXPANEL_URL, RECEIVER_URL)]
    for session, partner in zip(sessions, (koji, mixpanel, receiver), strict=True):
        session.mount("https://", partner)
    bridge = Bridge(
        config=config,
        redis=redis,
        ledger=ledger,
        pauses=Pauses(redis),
        breaker=Breaker(redis),
        limiter=RateLimiter(redis, clock.sleep, clock.time),
        leases=LeaseKeeper(ledger, LEASE_MS),
        koji=KojiClient(
            sessions[0],
            settings.koji_base_url,
            settings.koji_start_profile,
            settings.koji_timeout_seconds,
            settings.koji_link_keys,
        ),
        mixpanel=MixpanelClient(sessions[1], settings),
        query=QueryClient(sessions[1], settings),
        mail=MailServer(settings),
        webhooks=WebhookClient(sessions[2], settings.delivery_timeout_seconds),
        send=lambda task, *args: sent.append((task, args)),
        clock_ms=clock,
        random=random.Random(7),
    )
    return Bench(bridge, clock, koji, mixpanel, receiver, sent)
