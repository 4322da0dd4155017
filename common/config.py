"""The only reader of the environment.

Every variable may also come as NAME_FILE, the path of a file that holds the value (Docker and
Kubernetes secrets). All problems are collected and reported together.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from marshmallow import ValidationError

from common.delivery_settings import delivery_problems, webhook_secrets
from common.errors import ConfigError
from common.route_reading import parse_routes
from common.routes import Route, Routes, api_key_names
from common.settings import Settings
from common.settings_schema import SettingsSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from common.rates import Rate

USAGE_EXIT_CODE = 2


@dataclass(frozen=True)
class Config:
    """Settings, routes, and the API key or signing secret of each variable that a route names."""

    settings: Settings
    routes: Routes
    api_keys: Mapping[str, str]
    webhook_secrets: Mapping[str, str] = field(default_factory=dict)

    def api_key(self, route: Route) -> str:
        """Return the Koji key of a route."""
        return self.api_keys[route.api_key_env]

    def rate_limit(self, route: Route) -> Rate:
        """Return the route's own limit or the general one."""
        return route.rate_limit or self.settings.koji_rate_limit


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the environment and routes.toml; raises ConfigError with every problem."""
    env = os.environ if environ is None else environ
    problems: list[str] = []
    schema = SettingsSchema()
    values = {}
    for name in schema.fields:
        value = _value(env, name.upper(), problems)
        if value is not None:
            values[name] = value
    loaded: dict[str, object] = {}
    try:
        loaded = schema.load(values)
    except ValidationError as exc:
        for name, messages in exc.normalized_messages().items():
            problems.append(f"{name.upper()}: {_text(messages)}")
        loaded = exc.valid_data if isinstance(exc.valid_data, dict) else {}
    routes, keys = _load_routes(env, str(loaded.get("bridge_routes", "routes.toml")), problems)
    pulled = [route.name for route in routes if route.pull is not None]
    if pulled and "mixpanel_service_account" not in values:
        problems.append(
            f"MIXPANEL_SERVICE_ACCOUNT: not set, but route {', '.join(pulled)} has `pull`."
        )
    secrets = webhook_secrets(routes, lambda name: _value(env, name, problems), problems)
    problems += delivery_problems(routes, loaded)
    if problems:
        raise ConfigError(sorted(set(problems)))  # a key may be asked for twice
    settings = Settings(**{name: loaded.get(name) for name in schema.fields})  # type: ignore[arg-type]
    return Config(settings, routes, keys, secrets)


def load_config_or_exit(environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration, or end the process with one message and exit code 2."""
    try:
        return load_config(environ)
    except ConfigError as exc:
        refuse_to_start(exc.problems)


def refuse_to_start(problems: list[str]) -> NoReturn:
    """Print every problem and what to do next, then exit with code 2."""
    lines = "\n".join(f"  - {problem}" for problem in problems)
    sys.stderr.write(
        f"Not started: {len(problems)} problem(s) with the configuration.\n{lines}\n"
        "Set the variables in the environment or in .env; .env.example explains each of them.\n"
    )
    raise SystemExit(USAGE_EXIT_CODE)


def _value(env: Mapping[str, str], name: str, problems: list[str]) -> str | None:
    """Return a variable's value, from NAME or the file NAME_FILE; empty counts as unset."""
    direct, path = env.get(name, "").strip() or None, env.get(f"{name}_FILE") or None
    if path is None:
        return direct
    if direct is not None:
        problems.append(f"{name}: set both directly and as {name}_FILE; keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
        problems.append(f"{name}_FILE: cannot read {path}: {reason}.")
        return None


def _load_routes(
    env: Mapping[str, str], path: str, problems: list[str]
) -> tuple[Routes, dict[str, str]]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
        problems.append(
            f"BRIDGE_ROUTES: cannot read {path}: {reason} (copy routes.example.toml to begin with)."
        )
        return Routes(()), {}
    routes, route_problems = parse_routes(text, Path(path).parent)
    problems += [f"{path}: {problem}" for problem in route_problems]
    keys = {}
    for name, users in api_key_names(routes).items():
        key = _value(env, name, problems)
        if key is None:
            problems.append(
                f"{name}: not set, but route {', '.join(users)} takes its Koji key from it."
            )
        else:
            keys[name] = key
    return routes, keys


def _text(messages: object) -> str:
    if isinstance(messages, dict):
        return " ".join(_text(value) for value in messages.values())
    if isinstance(messages, list):
        return " ".join(str(message) for message in messages)
    return str(messages)
