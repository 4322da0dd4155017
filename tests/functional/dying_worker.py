"""A worker-koji that is killed between taking a ticket off the queue and registering it.

kombu's Redis transport does these in two steps (BRPOP, then the `unacked` index), so a crash in
between loses the message for good. The window is short; here it is hit on purpose.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from kombu.transport.redis import QoS

from workers.__main__ import main


def die(self: QoS, message: Any, delivery_tag: Any) -> None:
    """End as by kill -9, the message popped and nowhere written down."""
    del self, delivery_tag
    if message.headers["task"] == "bridge.start_interviews":
        os.kill(os.getpid(), signal.SIGKILL)


QoS.append = die
main(["koji"])
