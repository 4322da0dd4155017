"""The wake-up message that tells a worker of new payloads before the next tick does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.queues import Queues, TaskNames

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

# Wake-ups must not pile up while no worker is there; what they speak of waits in the ledger.
EXPIRES_SECONDS = 30


def make_wake(celery: Celery) -> Callable[[], None]:
    """Make the function that sends one; it raises whatever the broker's client raises."""

    def wake() -> None:
        celery.send_task(TaskNames.UNPACK.value, queue=Queues.INBOX.value, expires=EXPIRES_SECONDS)

    return wake
