"""Bridge: the collaborators that the workers' functions share, as one argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from redis import Redis

    from common.config import Config
    from common.ledger import Ledger
    from common.ledger.pauses import Pauses
    from common.queues import TaskNames
    from common.routes import Route
    from workers.breaker import Breaker
    from workers.clients.koji import KojiClient
    from workers.clients.mail import MailServer
    from workers.clients.mixpanel import MixpanelClient
    from workers.clients.query import QueryClient
    from workers.clients.webhook import WebhookClient
    from workers.leases import LeaseKeeper
    from workers.rate_limiter import RateLimiter

from common.partner_keys import key_name
from workers.limit import Limit


class Send(Protocol):
    """Sends a Celery message; never raises, since a lost ticket is made good by its lease."""

    def __call__(self, task: TaskNames, *args: Any) -> None:
        """Send the task with its arguments."""
        ...


@dataclass(frozen=True)
class Bridge:
    """Everything real in production, some of it faked in tests."""

    config: Config
    redis: Redis
    ledger: Ledger
    pauses: Pauses
    breaker: Breaker
    limiter: RateLimiter
    leases: LeaseKeeper
    koji: KojiClient
    mixpanel: MixpanelClient
    query: QueryClient
    mail: MailServer
    webhooks: WebhookClient
    send: Send
    clock_ms: Callable[[], int]
    random: random.Random

    def limit(self, route: Route) -> Limit:
        """Return the limit of a route's API key; routes with one key share it."""
        return Limit(key_name(self.config.api_key(route)), self.config.rate_limit(route))

    def koji_breaker(self, route: Route) -> str:
        """Return the name of the breaker of a route's API key."""
        return f"koji:{key_name(self.config.api_key(route))}"
