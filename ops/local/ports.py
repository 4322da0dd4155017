"""Free ports on loopback."""

from __future__ import annotations

import random
import socket

# Below the ports that Linux and macOS give to outgoing connections (32768 and 49152 upwards,
# docs.kernel.org/networking/ip-sysctl.html: ip_local_port_range): one of those might take a port
# between the moment it is found free and the moment a server listens on it.
FIRST, LAST = 10_000, 32_767
TRIES = 100


def free_port() -> int:
    """Return a port that nobody listens on at the moment; raises OSError if none is found."""
    dice = random.SystemRandom()
    for _ in range(TRIES):
        port = dice.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no free port between {FIRST} and {LAST}")
