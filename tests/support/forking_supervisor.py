"""supervisord that has made the bridge's imports: its processes are forks of it, no new Pythons.

Each process of the bridge spends half a second of processor time on imports, and the tests start
two hundred. Here supervisord imports what they need, once; where it would exec `python -m workers`,
the fork runs that module. Command lines, environment, signals, files and process groups are as
supervisor gives them (supervisord.org/subprocess.html), and what is killed is started again in the
same way. The tests of compose, and those of the loop, start theirs by exec, as an operator does.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import runpy
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from supervisor import supervisord
from supervisor.options import ServerOptions

from common import lean  # noqa: F401 - before what it keeps small

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not `ingress.app`: prometheus_client looks for its folder when it is imported.
IMPORTED = (
    *("common.config", "common.error_reports", "common.observability", "common.start_up"),
    *("ingress.server", "sandbox.server", "workers.app"),
    *("flask", "gunicorn.arbiter", "gunicorn.workers.gthread"),
    *("billiard.pool", "celery.app.routes", "celery.apps.beat", "celery.apps.worker"),
    *("celery.bin.celery", "celery.concurrency.thread", "celery.worker.autoscale"),
    *("celery.worker.components", "celery.worker.consumer", "kombu.transport.redis"),
)
FORKED = ("ingress", "workers", "sandbox", "tests")
SIGNALS = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2)


class Options(ServerOptions):  # type: ignore[misc]  # supervisor has no types
    """supervisord's own, but for how a fork becomes a program."""

    def execve(self, filename: str, argv: list[str], env: Mapping[str, str]) -> None:
        """Become the named program; a module of ours without starting Python anew."""
        if filename != sys.executable or argv[1] != "-m" or argv[2].split(".")[0] not in FORKED:
            super().execve(filename, argv, env)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = argv[2:]
        os._exit(_run(argv[2]))


def _run(module: str) -> int:
    """Run a module and end as the interpreter does; returns the exit code."""
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    gc.disable()  # docs.python.org/3/library/gc.html: what is forked then shares more memory
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    supervisord.ServerOptions = Options
    supervisord.main()
