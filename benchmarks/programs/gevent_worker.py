"""`python -m benchmarks.programs.gevent_worker koji`: our worker with greenlets for threads."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 - only what is imported after patching can be switched

from workers.__main__ import main  # noqa: E402

if __name__ == "__main__":
    main(sys.argv[1:], pool="gevent")
