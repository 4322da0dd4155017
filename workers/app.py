"""make_worker_app: the Celery app with its tasks, and what each kind of worker consumes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from celery.signals import setup_logging

from common.celery_app import make_celery
from common.ledger.schema import take_up
from common.queues import Queues
from workers.bootstrap import make_bridge
from workers.tasks import register

if TYPE_CHECKING:
    from celery import Celery

    from common.config import Config
    from workers.bridge import Bridge


@dataclass(frozen=True)
class Kind:
    """A kind of worker: its queues and how many threads it has by default."""

    queues: tuple[Queues, ...]
    threads: int


# Every worker also keeps the clock, so that it goes on whichever of them is left.
KINDS = {
    "inbox": Kind((Queues.INBOX, Queues.CLOCK), 2),
    # Deliveries follow starts one for one and wait for others just as long, so they share threads.
    "koji": Kind((Queues.KOJI, Queues.DELIVERIES, Queues.CLOCK), 20),
    "mixpanel": Kind((Queues.MIXPANEL, Queues.CLOCK), 4),
}


def make_worker_app(config: Config) -> Celery:
    """Build the app; tasks share one bridge a process."""
    app = make_celery(config.settings)

    @cache
    def bridge() -> Bridge:
        made = make_bridge(config, app)
        # Redis may have come up only now. A task that fails leaves everything where it was.
        take_up(made.redis)
        return made

    register(app, bridge)
    # Ours are set up already; Celery must not put its own handlers beside them.
    setup_logging.connect(_keep_our_logging, weak=False)
    return app


def _keep_our_logging(**_: object) -> None:
    """Do nothing: that somebody listens is what keeps Celery from configuring logging."""
