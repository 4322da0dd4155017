"""make_celery: every Celery setting with its why.

Celery messages are tickets, not truth: the ledger knows what is owed, so no setting here carries
a guarantee. They are chosen for speed, small memory and quick failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import Celery
from kombu import Queue

from common import broker_transport
from common.broker import broker_of
from common.queues import BROKER_PREFIX, ROUTING, Queues

if TYPE_CHECKING:
    from common.settings import Settings

TICK_SECONDS = 1.0


def make_celery(settings: Settings) -> Celery:
    """Build the app that ingress (to wake), workers, beat and Flower share."""
    broker_transport.use()
    broker = broker_of(settings)
    app = Celery("bridge", broker=broker.url)
    app.conf.update(
        broker_use_ssl=broker.tls,
        task_queues=[Queue(queue.value) for queue in Queues],
        task_routes=ROUTING,
        task_default_queue=Queues.INBOX.value,
        task_create_missing_queues=False,
        # Nobody reads a result: a task's verdict stands in the ledger.
        task_ignore_result=True,
        # A ticket that is lost or comes twice is harmless (lease and fencing token), so the
        # cheaper early acknowledgement will do, and a poison message cannot loop in the broker.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        # Per worker only (docs.celeryq.dev, userguide/tasks, rate_limit); ours is for the fleet.
        worker_disable_rate_limits=True,
        task_serializer="json",
        accept_content=["json"],
        # Workers wait for Redis, whichever starts first, and come back after an outage.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # A refused broker is reported at once; the ledger has the entry already.
        task_publish_retry_policy={
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.1,
        },
        broker_transport_options={
            # Prefetched tickets of a killed worker come back after this, long since stale.
            "visibility_timeout": 300,
            # kombu's default of 10 connections makes busy workers fail to acknowledge.
            "max_connections": 300,
            "socket_timeout": 5,
            "socket_connect_timeout": 1,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "global_keyprefix": BROKER_PREFIX,
            **broker.transport_options,
        },
        # Flower switches events on when it is there; otherwise they cost for nothing.
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_soft_shutdown_timeout=20,
        worker_enable_soft_shutdown_on_idle=False,
        beat_max_loop_interval=1,
        beat_schedule={
            "tick": {
                "task": "bridge.tick",
                "schedule": TICK_SECONDS,
                # With no worker up, ticks must not pile up.
                "options": {"expires": 3 * TICK_SECONDS, "queue": Queues.CLOCK.value},
            }
        },
        timezone="UTC",
    )
    return app
