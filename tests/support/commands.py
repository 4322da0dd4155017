"""The operator's command line, as an operator runs it: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from ops.local.local_bridge import LocalBridge

TIMEOUT_SECONDS = 60


def ops(bridge: LocalBridge, *arguments: str, text: str = "") -> tuple[int, Any]:
    """Run a command, with `text` as its input; returns its exit code and its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", *arguments, "--json"],
        env=bridge.settings(),
        cwd=ROOT,
        input=text,
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def ops_json(bridge: LocalBridge, *arguments: str, text: str = "") -> Any:
    """Run a command that must succeed; returns its JSON."""
    code, told = ops(bridge, *arguments, text=text)
    assert code == 0, told
    return told
