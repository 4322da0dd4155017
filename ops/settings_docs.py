"""Writes the settings where they are told again, so that no two places can differ.

That is `.env.example`, the README's table, and what docker-compose.yml passes to its services.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import missing

from common.settings_schema import SettingsSchema
from ops.local.supervised import ROOT

_BEGIN, _END = "<!-- settings:begin -->", "<!-- settings:end -->"
_COMPOSE_BEGIN, _COMPOSE_END = "  # settings:begin", "  # settings:end"
# What docker-compose.yml sets itself: addresses inside a container, and what comes as a secret.
_SET_BY_COMPOSE = {
    *("BRIDGE_ROUTES", "REDIS_URL", "BROKER_URL", "HOST", "PORT"),
    *("CONSOLE_HOST", "CONSOLE_PORT", "FLOWER_HOST", "FLOWER_PORT"),
    *("MIXPANEL_WEBHOOK_CREDENTIALS", "KOJI_WEBHOOK_SECRETS", "KOJI_API_KEY"),
    *("MIXPANEL_PROJECT_TOKEN", "MIXPANEL_SERVICE_ACCOUNT", "MEMBERS_API_TOKENS"),
    *("CONSOLE_CREDENTIALS", "FLOWER_BASIC_AUTH", "SENTRY_DSN"),
}
_HEAD = """\
# Every variable that the bridge reads. Copy to .env and change; a line that begins with # has its
# default. Each may also be given as NAME_FILE, the path of a file that holds the value.
# Check with: python -m ops doctor
"""
_SAMPLES = {
    "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:choose-a-long-password",
    "KOJI_WEBHOOK_SECRETS": "the-signing-secret-that-koji-shows",
    "KOJI_API_KEY": "pk_live_your-key",
    "MIXPANEL_PROJECT_TOKEN": "your-project-token",
}


def _default(field: Any) -> str:
    value = field.load_default
    if value is missing:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if value in ((), None):
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def settings() -> list[tuple[str, str, str, bool]]:
    """Return name, default, documentation and whether it is needed, for every variable."""
    return [
        (name.upper(), _default(field), field.metadata["doc"], name.upper() in _SAMPLES)
        for name, field in SettingsSchema().fields.items()
    ]


def env_example() -> str:
    """Return the text of `.env.example`."""
    lines = [_HEAD]
    for name, default, doc, needed in settings():
        value = f"{name}={_SAMPLES[name]}" if needed else f"# {name}={default}"
        lines.append(f"# {doc}\n{value}\n".replace("`", ""))
    return "\n".join(lines)


def table() -> str:
    """Return the README's table."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, default, doc, needed in settings():
        shown = "required" if needed else f"`{default}`" if default else ""
        rows.append(f"| `{name}` | {shown} | {doc.replace('|', '&#124;')} |")
    return "\n".join(rows)


def with_table(readme: str) -> str:
    """Return the README with the table of now between its marks."""
    pattern = re.compile(f"{_BEGIN}.*{_END}", re.DOTALL)
    return pattern.sub(lambda _: f"{_BEGIN}\n{table()}\n{_END}", readme)


def with_environment(compose: str) -> str:
    """Return docker-compose.yml with every setting passed on that it does not set itself."""
    rows = [row for row in settings() if row[0] not in _SET_BY_COMPOSE]
    # With the default, since others read some, too: gunicorn takes no empty WEB_CONCURRENCY.
    lines = "".join(f"  {name}: ${{{name}:-{default}}}\n" for name, default, *_ in rows)
    pattern = re.compile(f"({_COMPOSE_BEGIN}[^\n]*\n).*({_COMPOSE_END})", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{lines}{found[2]}", compose)


def main() -> None:
    """Write all three."""
    (ROOT / ".env.example").write_text(env_example(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
    compose = ROOT / "docker-compose.yml"
    compose.write_text(with_environment(compose.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
