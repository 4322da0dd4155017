"""`python -m ops.probe PROCESS`: is the process of this container alive? For health checks.

Exits 0 if it is, 1 if it should be started again, 2 for wrong usage or configuration. A Redis that
is away makes nobody unhealthy: starting a process again would not bring it back.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from common import lean  # noqa: F401 - before what it keeps small

# isort: split
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from common.celery_app import make_celery
from common.config import USAGE_EXIT_CODE, load_config_or_exit

if TYPE_CHECKING:
    from celery import Celery

HTTP_SECONDS = 4.0
WORKER_SECONDS = 5.0
WORKERS = ("worker-inbox", "worker-koji", "worker-mixpanel")
AWAY = (CeleryError, KombuError, OperationalError, RedisError, OSError)


def main(arguments: list[str]) -> int:
    """Return the exit code for the named process."""
    name = arguments[0] if len(arguments) == 1 else ""
    if name not in {"ingress", *WORKERS}:
        sys.stderr.write(f"Usage: python -m ops.probe {'|'.join(['ingress', *WORKERS])}\n")
        return USAGE_EXIT_CODE
    settings = load_config_or_exit().settings
    if name == "ingress":
        return int(not answers(f"http://127.0.0.1:{settings.port}/healthz"))
    return int(not worker_answers(make_celery(settings), name.removeprefix("worker-")))


def answers(url: str) -> bool:
    """Tell whether an address of this machine answers 200."""
    try:
        with urlopen(url, timeout=HTTP_SECONDS):  # noqa: S310 - our own address
            return True
    except (URLError, OSError):
        return False


def worker_answers(app: Celery, kind: str) -> bool:
    """Tell whether a worker of this kind on this host answers a ping, or Redis is away."""
    try:
        told = app.control.broadcast(
            "ping",
            reply=True,
            # The name is `<kind>-<pid>@<host>`: docs.celeryq.dev, userguide/workers, broadcast.
            pattern=f"{kind}-*@{socket.gethostname()}",
            matcher="glob",
            limit=1,
            timeout=WORKER_SECONDS,
        )
    except AWAY:
        return True
    return bool(told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
