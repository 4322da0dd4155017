"""Keeps a set of processes running: what exits is started again, what is wrong stays down.

Built on `supervisor`: a Celery worker can exit when Redis dies, and a plain process manager such
as honcho then ends everything. Exit code 2 means a wrong configuration; restarting cannot mend it.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xmlrpc.client import ServerProxy  # over a socket in our own folder

from supervisor.xmlrpc import SupervisorTransport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parents[2]
STOP_TIMEOUT_SECONDS = 40.0
SUPERVISOR = "supervisor.supervisord"

_HEAD = """\
[supervisord]
nodaemon=true
silent=true
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
childlogdir={folder}
directory={root}
{user}
[unix_http_server]
file={socket}
chmod=0700
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """\
[program:{name}]
command={command}
priority={priority}
autorestart=unexpected
exitcodes=2
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs=30
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={output}
stdout_logfile_maxbytes=0
"""


@dataclass(frozen=True)
class Program:
    """A process to keep running; lower priorities start earlier and stop later."""

    name: str
    command: tuple[str, ...]
    priority: int = 100


def procfile_programs(only: Iterable[str] | None = None) -> list[Program]:
    """Return the Procfile's processes, run by this very Python."""
    programs = []
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
        name, _, command = line.partition(":")
        if command and (only is None or name in only):
            words = shlex.split(command)
            programs.append(Program(name, (sys.executable, *words[words.index("python") + 1 :])))
    return programs


class Supervised:
    """A running supervisor with its processes."""

    def __init__(
        self,
        programs: Iterable[Program],
        environ: Mapping[str, str],
        *,
        folder: Path | None = None,
        to_terminal: bool = False,
        supervisor: str = SUPERVISOR,
    ) -> None:
        """Start the processes; their output goes to the terminal or to files in `folder`.

        `supervisor` is the module that is supervisord, or stands in its place.
        """
        self.folder = folder or Path(tempfile.mkdtemp(prefix="bridge-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        user = "user=root" if _is_root() else ""
        # A socket's path has little room, so it cannot lie in any folder.
        self._socket_folder = tempfile.TemporaryDirectory(prefix="sv-")
        socket = f"{self._socket_folder.name}/s"
        self._socket = socket
        sections = [_HEAD.format(folder=self.folder, root=ROOT, user=user, socket=socket)]
        for program in programs:
            output = "/dev/fd/1" if to_terminal else self.folder / f"{program.name}.log"
            command = shlex.join(program.command).replace("%", "%%")
            sections.append(
                _PROGRAM.format(
                    name=program.name, command=command, priority=program.priority, output=output
                )
            )
        config = self.folder / "supervisord.conf"
        config.write_text("\n".join(sections), encoding="utf-8")
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-W", "ignore", "-m", supervisor, "-c", str(config)],
            env=dict(environ),
            cwd=ROOT,
            # Ctrl-C reaches us, and we stop them in order.
            start_new_session=True,
        )

    def running(self) -> bool:
        """Tell whether the supervisor still runs."""
        return self._process.poll() is None

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            proxy = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def pid(self, name: str) -> int:
        """Return the pid of a process, 0 while it is down."""
        return int(self._call("getProcessInfo", name)["pid"])

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Kill a process as a crash would; returns its pid. It is started again by itself."""
        pid = self.pid(name)
        if pid:
            with suppress(ProcessLookupError):
                os.killpg(pid, how)
        return pid

    def stop_one(self, name: str) -> None:
        """Stop one process in good order and leave it down."""
        self._call("stopProcess", name)

    def start_one(self, name: str) -> None:
        """Start a process that was stopped; does not wait until it runs."""
        self._call("startProcess", name, False)  # noqa: FBT003 - an XML-RPC call

    def wait(self) -> int:
        """Wait until the supervisor ends by itself."""
        return self._process.wait()

    def stop(self) -> None:
        """Stop every process in good order, then the supervisor."""
        if self.running():
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._socket_folder.cleanup()

    def kill_all(self) -> None:
        """Kill everything at once, the supervisor first; nothing is put in order."""
        pids = [int(info["pid"]) for info in self._call("getAllProcessInfo")]
        self._process.kill()
        self._process.wait()
        for pid in filter(None, pids):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._socket_folder.cleanup()

    def log(self, name: str) -> str:
        """Return what a process has printed so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
