"""`python -m workers inbox|koji|mixpanel|beat`: one worker process, or the clock."""

from __future__ import annotations

import os
import sys

from common import lean  # noqa: F401 - before what it keeps small

# isort: split
from celery.utils.nodenames import host_format

from common.config import USAGE_EXIT_CODE, load_config_or_exit
from common.observability import setup
from common.start_up import refuse_newer_ledger
from common.tracing import setup_tracing
from workers.app import KINDS, make_worker_app
from workers.scheduler import Clock


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
    # Not by Celery's command line, which imports a shell for 14 MB that nobody sees here.
    if kind == "beat":
        app.Beat(scheduler_cls=Clock, loglevel=config.settings.log_level, quiet=True).run()
        return
    setup_tracing(config.settings, process)
    worker = app.Worker(
        queues=[queue.value for queue in KINDS[kind].queues],
        pool_cls=pool,
        concurrency=config.settings.worker_concurrency or KINDS[kind].threads,
        # Several of a kind may run side by side on one host.
        hostname=host_format(f"{kind}-{os.getpid()}@%h"),
        loglevel=config.settings.log_level,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main(sys.argv[1:])
