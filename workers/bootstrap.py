"""make_bridge: the one place that builds the real collaborators."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common.ledger import Ledger
from common.ledger.pauses import Pauses
from common.queues import TaskNames, broker_list
from common.redis_client import make_redis
from workers.breaker import Breaker
from workers.bridge import Bridge
from workers.clients.http import make_session
from workers.clients.koji import KojiClient
from workers.clients.mail import MailServer
from workers.clients.mixpanel import MixpanelClient
from workers.clients.query import QueryClient
from workers.clients.webhook import WebhookClient
from workers.leases import LeaseKeeper
from workers.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from celery import Celery
    from redis import Redis

    from common.config import Config

log = structlog.get_logger(__name__)
REDIS_TIMEOUT_SECONDS = 5.0
# Wake-ups say nothing but "look": more than wake every worker must not pile up while none is there.
# (An expired message would stay in its list too, until some worker throws it away.)
MOST_WAITING = {
    TaskNames.UNPACK: 32,
    TaskNames.WRITE_RESULTS: 8,
    TaskNames.DELIVER: 4,
    TaskNames.RECONCILE: 1,
    TaskNames.PULL: 1,
}


def make_bridge(config: Config, app: Celery) -> Bridge:
    """Build everything; no connection is made yet."""
    settings = config.settings
    redis = make_redis(settings, socket_timeout_seconds=REDIS_TIMEOUT_SECONDS)
    broker = redis
    if settings.broker_url:
        broker = make_redis(
            settings, url=settings.broker_url, socket_timeout_seconds=REDIS_TIMEOUT_SECONDS
        )
    ledger = Ledger(redis)
    return Bridge(
        config=config,
        redis=redis,
        ledger=ledger,
        pauses=Pauses(redis),
        breaker=Breaker(redis),
        limiter=RateLimiter(redis),
        leases=LeaseKeeper(ledger, round(settings.lease_seconds * 1000)),
        koji=KojiClient(
            make_session(settings.koji_base_url),
            settings.koji_base_url,
            settings.koji_start_profile,
            settings.koji_timeout_seconds,
            settings.koji_link_keys,
        ),
        mixpanel=MixpanelClient(make_session(settings.mixpanel_api_host), settings),
        mail=MailServer(settings),
        webhooks=WebhookClient(make_session(""), settings.delivery_timeout_seconds),
        send=make_send(app, broker),
        query=QueryClient(make_session(settings.mixpanel_query_host), settings),
        clock_ms=lambda: int(time.time() * 1000),
        random=random.Random(),  # noqa: S311 - jitter, no secret
    )


class _Send:
    def __init__(self, app: Celery, broker: Redis) -> None:
        self._app, self._broker = app, broker

    def __call__(self, task: TaskNames, *args: Any) -> None:
        try:
            most = MOST_WAITING.get(task)
            if most is not None and self._broker.llen(broker_list(task)) >= most:
                return  # whoever takes those that wait will find what this one speaks of
            self._app.send_task(task.value, args=args)
        except (OperationalError, RedisError, OSError) as exc:
            # The lease or the next tick makes good for a message that did not get through.
            log.warning("ticket_not_sent", task=task.value, error=type(exc).__name__)


def make_send(app: Celery, broker: Redis) -> _Send:
    """Return the function that sends Celery messages and never raises."""
    return _Send(app, broker)
