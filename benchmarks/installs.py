"""Installs the tools that are compared, each into a folder of its own under .run/bench.

They are no dependency of the bridge, and arq needs an older redis-py than Celery does.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.places import SCRATCH

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 300
PYTHON_PACKAGES = {
    "dramatiq": ("dramatiq[redis]==2.2.1", "requests==2.34.2"),
    "arq": ("arq==0.28.0", "aiolimiter==1.3.0", "httpx==0.28.1"),
}
NODE_PACKAGES = {"bullmq": ("bullmq@6.7.0", "ioredis@5.11.1")}


class InstallError(Exception):
    """A tool could not be installed; the text says why, for the results."""


def nothing() -> None:
    """Install nothing: what the bridge itself needs is enough."""


def python_of(name: str) -> Path:
    """Return the interpreter of a tool's own environment."""
    return SCRATCH / name / "bin" / "python"


def node_modules_of(name: str) -> Path:
    """Return the folder that `require` finds a tool in."""
    return SCRATCH / name / "node_modules"


def install_python(name: str) -> None:
    """Make a tool's environment unless it is there already; raises InstallError."""
    wanted = list(PYTHON_PACKAGES[name])
    if _is_there(name, wanted):
        return
    _run([sys.executable, "-m", "venv", str(SCRATCH / name)])
    _run([str(python_of(name)), "-m", "pip", "install", "--quiet", *wanted])
    _remember(name, wanted)


def install_node(name: str) -> None:
    """Install a tool of npm's unless it is there already; raises InstallError."""
    wanted = list(NODE_PACKAGES[name])
    if _is_there(name, wanted):
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise InstallError("node and npm are not on the PATH")
    (SCRATCH / name).mkdir(parents=True, exist_ok=True)
    _run(
        [
            *(npm, "install", "--prefix", str(SCRATCH / name)),
            *("--no-audit", "--no-fund", "--ignore-scripts", *wanted),
        ]
    )
    _remember(name, wanted)


def _note(name: str) -> Path:
    return SCRATCH / name / "installed.json"


def _is_there(name: str, wanted: list[str]) -> bool:
    return _note(name).exists() and json.loads(_note(name).read_text("utf-8")) == wanted


def _remember(name: str, wanted: list[str]) -> None:
    _note(name).write_text(json.dumps(wanted), "utf-8")


def _run(command: list[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 - our own command line
            command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.CalledProcessError as exc:
        lines = (exc.stderr or exc.stdout or "no output").strip().splitlines()
        raise InstallError(lines[-1][:200]) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise InstallError(f"{type(exc).__name__}: {command[0]}") from exc
