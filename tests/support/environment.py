"""The smallest environment that the configuration accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROUTES = """
[[routes]]
name = "activation"
cohort_id = "5167408"
study_id = "st_activation"
"""


def smallest_environ(folder: Path, routes: str = ROUTES) -> dict[str, str]:
    """Return the variables without a default, and a routes.toml in `folder`."""
    file = folder / "routes.toml"
    file.write_text(routes, encoding="utf-8")
    return {
        "BRIDGE_ROUTES": str(file),
        "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:secret",
        "KOJI_WEBHOOK_SECRETS": "koji_test_secret",
        "KOJI_API_KEY": "pk_live_test",
        "MIXPANEL_PROJECT_TOKEN": "project-token",
    }
