"""Names of queues and tasks: the only words that ingress and workers share."""

from __future__ import annotations

from enum import StrEnum


class Queues(StrEnum):
    """One queue a partner, one for unpacking, one for mail servers and the like, one clock."""

    INBOX = "inbox"
    KOJI = "koji"
    DELIVERIES = "deliveries"
    MIXPANEL = "mixpanel"
    CLOCK = "clock"


BROKER_PREFIX = "bridge:celery:"
# The last of the ten that Redis as a broker tells apart (docs.celeryq.dev, userguide/routing,
# Redis message priorities): taken only when nothing else is in the queue.
LAST_PRIORITY = 9


class TaskNames(StrEnum):
    """Every task that a worker registers."""

    UNPACK = "bridge.unpack"
    START_INTERVIEWS = "bridge.start_interviews"
    DELIVER = "bridge.deliver"
    WRITE_RESULTS = "bridge.write_results"
    RECONCILE = "bridge.reconcile"
    PULL = "bridge.pull"
    TICK = "bridge.tick"


ROUTING: dict[str, dict[str, str | int]] = {
    TaskNames.UNPACK.value: {"queue": Queues.INBOX.value},
    TaskNames.START_INTERVIEWS.value: {"queue": Queues.KOJI.value},
    TaskNames.DELIVER.value: {"queue": Queues.DELIVERIES.value},
    TaskNames.WRITE_RESULTS.value: {"queue": Queues.MIXPANEL.value},
    TaskNames.RECONCILE.value: {"queue": Queues.KOJI.value, "priority": LAST_PRIORITY},
    TaskNames.PULL.value: {"queue": Queues.MIXPANEL.value, "priority": LAST_PRIORITY},
    TaskNames.TICK.value: {"queue": Queues.CLOCK.value},
}


def broker_list(task: TaskNames) -> str:
    """Return the Redis list in which a task's messages wait for a worker."""
    route = ROUTING[task.value]
    priority = route.get("priority")
    return f"{BROKER_PREFIX}{route['queue']}" + (f"\x06\x16{priority}" if priority else "")
