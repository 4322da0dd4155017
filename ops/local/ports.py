"""Free ports on loopback."""

from __future__ import annotations

import random
import socket

# Below the ports that Linux and macOS give to outgoing connections (32768 and 49152 upwards,
# docs.kernel.org/networking/ip-sysctl.html: ip_local_port_range): one of those might take a port
# between the moment it is found free and the moment a server listens on it.
FIRST, LAST = 10_000, 32_767
TRIES = 100


def free_port(and_further: int = 0) -> int:
    """Return a port that nobody listens on at the moment; raises OSError if none is found.

    With `and_further`, the port so much further is free too, and within the same bounds.
    """
    dice = random.SystemRandom()
    for _ in range(TRIES):
        port = dice.randint(FIRST, LAST - and_further)
        if _is_free(port) and (not and_further or _is_free(port + and_further)):
            return port
    raise OSError(f"no free port between {FIRST} and {LAST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
