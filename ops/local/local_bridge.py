"""LocalBridge: embedded Redis, sandbox and the bridge's own processes on free ports.

Demo and functional tests stand on it; `make run` uses it where `.env` names no other partners.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import requests
from redis import Redis
from redis.exceptions import RedisError

from ops.local.embedded_redis import server_command
from ops.local.ports import free_port
from ops.local.sandbox_process import Sandbox
from ops.local.supervised import SUPERVISOR, Program, Supervised, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

WORKING = ("ingress", "worker-inbox", "worker-koji", "worker-mixpanel", "beat")
START_TIMEOUT_SECONDS = 40.0
COHORT_ID = "5167408"
ROUTES = f"""\
[[routes]]
name = "demo"
cohort_id = "{COHORT_ID}"
study_id = "st_demo"
properties = ["plan", "$city"]
"""


@dataclass
class LocalBridge:
    """Everything on loopback; `environ` adds to or replaces the settings made up here."""

    folder: Path
    routes: str = ROUTES
    environ: Mapping[str, str] = field(default_factory=dict)
    sandbox_options: Mapping[str, Any] = field(default_factory=dict)
    processes: tuple[str, ...] = WORKING
    further: tuple[Program, ...] = ()
    to_terminal: bool = False
    supervisor: str = SUPERVISOR

    def __post_init__(self) -> None:
        """Choose ports and secrets; nothing runs before `start`."""
        self.redis_port = free_port()
        self.sandbox = Sandbox(free_port(), free_port())
        self.port = free_port()
        self.secret = secrets.token_hex(16)
        self.credentials = ("mixpanel", secrets.token_urlsafe(16))
        self.supervised: Supervised | None = None

    @property
    def url(self) -> str:
        """Where ingress listens."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """Return the environment of the bridge's processes."""
        ours = {
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BRIDGE_ROUTES": str(self.folder / "routes.toml"),
            "MIXPANEL_WEBHOOK_CREDENTIALS": ":".join(self.credentials),
            "KOJI_WEBHOOK_SECRETS": self.secret,
            "KOJI_API_KEY": "pk_live_sandbox",
            "KOJI_BASE_URL": self.sandbox.koji_url,
            "KOJI_RATE_LIMIT": "600/minute",
            "MIXPANEL_API_HOST": self.sandbox.mixpanel_url,
            "MIXPANEL_QUERY_HOST": self.sandbox.mixpanel_url,
            "MIXPANEL_PROJECT_TOKEN": "sandbox-project-token",
        }
        return {**os.environ, **ours, **self.environ}

    def programs(self) -> list[Program]:
        """Return every process to run, Redis first."""
        redis_folder = self.folder / "redis"
        redis_folder.mkdir(parents=True, exist_ok=True)
        redis = server_command(self.redis_port, redis_folder)
        sandbox = self.sandbox.program(
            webhook_url=f"{self.url}/webhooks/koji",
            secret=self.secret,
            options={"rate_limit": 600, **self.sandbox_options},
        )
        return [
            Program("redis", tuple(redis), priority=1),
            sandbox,
            *procfile_programs(self.processes),
            *self.further,
        ]

    def start(self) -> Self:
        """Start everything and wait until ingress and sandbox are ready; raises TimeoutError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "routes.toml").write_text(self.routes, encoding="utf-8")
        self.supervised = Supervised(
            self.programs(),
            self.settings(),
            folder=self.folder,
            to_terminal=self.to_terminal,
            supervisor=self.supervisor,
        )
        try:
            wait_until(self._ready, START_TIMEOUT_SECONDS, f"the bridge is ready ({self.folder})")
        except TimeoutError:
            self.stop()
            raise
        return self

    def _ready(self) -> bool:
        if self.supervised is not None and not self.supervised.running():
            raise TimeoutError(f"the supervisor ended; see {self.folder}/supervisord.log")
        try:
            ready = requests.get(f"{self.url}/readyz", timeout=2).ok
            return ready and all(
                requests.get(f"{url}/_sandbox/health", timeout=2).ok
                for url in (self.sandbox.koji_url, self.sandbox.mixpanel_url)
            )
        except requests.RequestException:
            return False

    def redis(self) -> Redis:
        """Return a client of the ledger's Redis."""
        return Redis(port=self.redis_port)

    def redis_answers(self) -> bool:
        """Tell whether Redis is up."""
        try:
            with self.redis() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def send_cohort(
        self,
        members: list[dict[str, Any]],
        action: str = "members",
        cohort_id: str = COHORT_ID,
        url: str = "",
        session_id: str = "",
        page_info: Mapping[str, int] | None = None,
    ) -> requests.Response:
        """Send one page as Mixpanel does; the only one of its session unless `page_info` tells."""
        return requests.post(
            f"{url or self.url}/webhooks/mixpanel/cohorts",
            json={
                "action": action,
                "parameters": {
                    "mixpanel_project_id": "1",
                    "mixpanel_cohort_id": cohort_id,
                    "mixpanel_cohort_name": "Activation drop-offs",
                    "mixpanel_session_id": session_id or secrets.token_hex(8),
                    "page_info": page_info or {"total_pages": 1, "page_count": 1},
                    "members": members,
                },
            },
            auth=self.credentials,
            timeout=10,
        )

    def stop(self) -> None:
        """Stop everything in good order."""
        if self.supervised is not None:
            self.supervised.stop()

    def kill(self) -> None:
        """Stop everything at once, when nobody will look at what is left."""
        if self.supervised is not None:
            self.supervised.kill_all()

    def __enter__(self) -> Self:
        """Start everything."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()
