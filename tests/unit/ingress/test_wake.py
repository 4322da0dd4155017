from __future__ import annotations

from typing import Any

from common.queues import Queues, TaskNames
from ingress.wake import make_wake


class FakeCelery:
    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send_task(self, name: str, **options: Any) -> None:
        self.sent.append((name, options))


def test_it_sends_one_message_to_the_inbox_that_does_not_last() -> None:
    celery = FakeCelery()
    make_wake(celery)()
    ((name, options),) = celery.sent
    assert name == TaskNames.UNPACK
    assert options["queue"] == Queues.INBOX
    assert 0 < options["expires"] <= 60
