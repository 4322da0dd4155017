"""`python -m workers inbox|koji|mixpanel|beat`: one worker process, or the clock."""

from __future__ import annotations

import os
import sys

from common import lean  # noqa: F401 - before what it keeps small
from common.config import USAGE_EXIT_CODE, load_config_or_exit
from common.observability import setup
from common.start_up import refuse_newer_ledger
from common.tracing import setup_tracing
from workers.app import KINDS, make_worker_app


def main(arguments: list[str], pool: str = "threads") -> None:
    """Start the named process; ends with code 2 if the name or the configuration is wrong.

    Calls that wait want threads or greenlets; docs/performance.md has the figures of both pools.
    """
    kind = arguments[0] if len(arguments) == 1 else ""
    if kind not in {*KINDS, "beat"}:
        sys.stderr.write(f"Usage: python -m workers {'|'.join([*KINDS, 'beat'])}\n")
        raise SystemExit(USAGE_EXIT_CODE)
    config = load_config_or_exit()
    process = "beat" if kind == "beat" else f"worker-{kind}"
    setup(config.settings, process)
    refuse_newer_ledger(config.settings)
    app = make_worker_app(config)
    if kind == "beat":
        app.start(["beat", "--loglevel", config.settings.log_level, "--pidfile", ""])
        return
    setup_tracing(config.settings, process)
    threads = config.settings.worker_concurrency or KINDS[kind].threads
    app.worker_main(
        [
            "worker",
            *("--queues", ",".join(queue.value for queue in KINDS[kind].queues)),
            *("--pool", pool, "--concurrency", str(threads)),
            # Several of a kind may run side by side on one host.
            *("--hostname", f"{kind}-{os.getpid()}@%h"),
            *("--loglevel", config.settings.log_level),
            *("--without-gossip", "--without-mingle"),
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
