"""What a container is to a process: another user, a file system it cannot write to, no more.

Root on Linux gets a mount namespace that shows the machine's file systems read-only, with a
scratch folder in memory, and `setpriv` takes every right away. Where namespaces are forbidden, the
user alone is changed; anybody but root runs the processes as themselves. The files of the image
are read-only for all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

_NAMESPACE = Path(__file__).parent / "container.sh"
_PLAIN = 'cd "$1" && shift && exec "$@"'


def expected_user(user: int) -> int:
    """Return the user id that a process of this container user has."""
    return os.geteuid() or user


def python_in(run: Path) -> str:
    """Return the interpreter as the processes see it."""
    return str(run / "venv" / "bin" / "python") if has_namespaces() else sys.executable


def scratch_in(run: Path) -> Path:
    """Return the folder that stands for the /tmp in memory."""
    for name in ("scratch", "venv", "base"):
        (run / name).mkdir(exist_ok=True)
    (run / "scratch").chmod(0o1777)
    return run / "scratch"


def isolated(
    run: Path, user: int, folder: Path, data: Path | None, command: list[str]
) -> list[str]:
    """Return the command line that runs `command` in `folder` as a container would."""
    if not os.geteuid():
        rights = ("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", *rights, "--", *command]
    if not has_namespaces():
        return ["sh", "-c", _PLAIN, "sh", str(folder), *command]
    base = Path(sys.base_prefix)
    closed = [one for one in [*base.parents][::-1] if not one.stat().st_mode & 0o001]
    places = [scratch_in(run), base, closed[0] if closed else "", sys.prefix, data or "", folder]
    unshare = ("unshare", "--mount", "--propagation", "private")
    return [*unshare, "sh", str(_NAMESPACE), *map(str, places), *command]


@cache
def has_namespaces() -> bool:
    """Tell whether this user may mount in a namespace of its own."""
    if os.geteuid() or sys.platform != "linux":
        return False
    probe = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "t", "/mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0
