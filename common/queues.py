"""Names of queues and tasks: the only words that ingress and workers share."""

from __future__ import annotations

from enum import StrEnum


class Queues(StrEnum):
    """One queue a partner, one for unpacking, one for the clock."""

    INBOX = "inbox"
    KOJI = "koji"
    MIXPANEL = "mixpanel"
    CLOCK = "clock"


class TaskNames(StrEnum):
    """Every task that a worker registers."""

    UNPACK = "bridge.unpack"
    START_INTERVIEWS = "bridge.start_interviews"
    WRITE_RESULTS = "bridge.write_results"
    TICK = "bridge.tick"


ROUTING = {
    TaskNames.UNPACK.value: {"queue": Queues.INBOX.value},
    TaskNames.START_INTERVIEWS.value: {"queue": Queues.KOJI.value},
    TaskNames.WRITE_RESULTS.value: {"queue": Queues.MIXPANEL.value},
    TaskNames.TICK.value: {"queue": Queues.CLOCK.value},
}
