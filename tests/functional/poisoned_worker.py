"""A worker-inbox that dies, as by a segfault, whenever it unpacks a certain page."""

from __future__ import annotations

import os
import signal
from typing import Any

from workers import inbox
from workers.__main__ import main

unpack_page = inbox.unpack_page


def unpack_or_die(ledger: Any, route: Any, page: Any) -> dict[str, int]:
    """End the process at a page of the session `poison`."""
    if page.session_id == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return unpack_page(ledger, route, page)


inbox.unpack_page = unpack_or_die
main(["inbox"])
