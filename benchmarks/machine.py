"""On what a pass ran: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.installs import NODE_PACKAGES, PYTHON_PACKAGES
from ops.local.embedded_redis import redis_server_binary

PACKAGES = ("celery", "kombu", "redis", "requests", "flask", "gunicorn")


def describe() -> dict[str, str]:
    """Return the machine and the versions, each as a line of text."""
    own = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    others = [
        package
        for packages in (*PYTHON_PACKAGES.values(), *NODE_PACKAGES.values())
        for package in packages
    ]
    return {
        "processor": f"{os.cpu_count()} cores, {_cpu_model()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "redis": _first_line([redis_server_binary(), "--version"]),
        "node": _first_line([shutil.which("node") or "node", "--version"]),
        "packages": own,
        "compared with": ", ".join(others),
    }


def load() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command, capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return "not installed"
    return done.stdout.strip().partition("\n")[0]
