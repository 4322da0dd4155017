"""The services up and running, and what a test asks of them."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

import requests
from redis import Redis

from ops.local.sample_members import sample_members
from ops.local.supervised import Supervised
from tests.functional.compose.containers import Containers

MEMBERS = 25


class Running:
    """The services under a supervisor, which starts again what ends, as `restart` does."""

    def __init__(self) -> None:
        self.containers = Containers(
            Path(tempfile.mkdtemp(prefix="bridge-compose-")), {"worker-koji": 2, "beat": 2}
        )
        self.supervised = Supervised(
            self.containers.programs(),
            dict(os.environ),
            folder=self.containers.run_folder / "logs",
        )

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.containers.ports[service]}"

    def secret(self, name: str) -> str:
        return (self.containers.secrets / name).read_text(encoding="utf-8").strip()

    def redis(self, user: str) -> Redis:
        return Redis.from_url(self.secret(f"redis_url_{user}"))

    def admin(self) -> Redis:
        return Redis(port=self.containers.ports["redis"], username="admin", password="admin")

    def ready(self) -> bool:
        addresses = [
            f"{self.url('ingress')}/readyz",
            f"{self.containers.sandbox.koji_url}/_sandbox/health",
        ]
        try:
            return all(requests.get(address, timeout=2).ok for address in addresses)
        except requests.RequestException:
            return False

    def send_cohort(self) -> requests.Response:
        parameters = {
            "mixpanel_project_id": "1",
            "mixpanel_cohort_id": "5167408",
            "mixpanel_cohort_name": "Activation drop-offs",
            "mixpanel_session_id": secrets.token_hex(8),
            "page_info": {"total_pages": 1, "page_count": 1},
            "members": sample_members(MEMBERS),
        }
        return requests.post(
            f"{self.url('ingress')}/webhooks/mixpanel/cohorts",
            json={"action": "members", "parameters": parameters},
            auth=tuple(self.secret("mixpanel_webhook_credentials").split(":", 1)),
            timeout=30,
        )
