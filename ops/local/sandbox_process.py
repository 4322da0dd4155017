"""The sandbox as a supervised process, and its control routes as functions."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import requests

from ops.local.supervised import Program

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Sandbox:
    """Where the local Koji and Mixpanel listen, and how they are set up."""

    koji_port: int
    mixpanel_port: int

    @property
    def koji_url(self) -> str:
        """The local Koji."""
        return f"http://127.0.0.1:{self.koji_port}"

    @property
    def mixpanel_url(self) -> str:
        """The local Mixpanel."""
        return f"http://127.0.0.1:{self.mixpanel_port}"

    def program(self, *, webhook_url: str, secret: str, options: dict[str, Any]) -> Program:
        """Return its process; `options` are those of `python -m sandbox`, with underscores."""
        every = {
            "koji_port": self.koji_port,
            "mixpanel_port": self.mixpanel_port,
            "webhook_url": webhook_url,
            "webhook_secret": secret,
            **options,
        }
        flags = [part for name, value in every.items() for part in _flag(name, value)]
        return Program("sandbox", (sys.executable, "-m", "sandbox", *flags), priority=2)

    def get(self, partner: str, path: str) -> Any:
        """Read a control route such as `summary` of `koji` or `mixpanel`."""
        response = requests.get(f"{self._control(partner)}/{path}", timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        return response.json()

    def post(self, partner: str, path: str, body: Any) -> Any:
        """Call a control route such as `faults`."""
        response = requests.post(
            f"{self._control(partner)}/{path}", json=body, timeout=TIMEOUT_SECONDS
        )
        response.raise_for_status()
        return response.json()

    def reset(self) -> None:
        """Empty both partners."""
        for url in (self.koji_url, self.mixpanel_url):
            requests.post(f"{url}/_sandbox/reset", timeout=TIMEOUT_SECONDS).raise_for_status()

    def _control(self, partner: str) -> str:
        url = self.koji_url if partner == "koji" else self.mixpanel_url
        return f"{url}/_sandbox/{partner}"


def _flag(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    return [option, str(value)]
