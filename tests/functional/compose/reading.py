"""What docker-compose.yml, sandbox.env and the Dockerfile say."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import yaml
from dotenv import dotenv_values

from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def sandbox_env() -> dict[str, str]:
    """Return deploy/sandbox.env, as `docker compose --env-file` reads it."""
    values = dotenv_values(ROOT / "deploy" / "sandbox.env")
    return {name: value or "" for name, value in values.items()}


def read_compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return docker-compose.yml with its variables filled in; the only form used is ${NAME:-…}."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str):
            return VARIABLE.sub(lambda found: variables.get(found[1]) or found[2], value)
        return value

    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = filled(yaml.safe_load(text))
    return content


def stage(target: str) -> list[list[str]]:
    """Return the instructions of a stage of the Dockerfile, those it is built on first."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    stages: dict[str, list[list[str]]] = {}
    name = ""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["FROM"]:
            name = words[-1]
            stages[name] = list(stages.get(words[1], []))
        elif words and name:
            stages[name].append(words)
    return stages[target]


def copied(target: str) -> list[str]:
    """Return what a stage copies from the repository."""
    found = [words[1:] for words in stage(target) if words[0] == "COPY"]
    return [name for words in found if not words[0].startswith("--") for name in words[:-1]]


def environment_of(target: str) -> dict[str, str]:
    """Return the ENV of a stage but for the PATH."""
    pairs = [pair for words in stage(target) if words[0] == "ENV" for pair in words[1:]]
    values = dict(pair.split("=", 1) for pair in pairs)
    return {name: value for name, value in values.items() if name != "PATH"}


def lay_out(target: str, folder: Path) -> None:
    """Put what the image has in its working directory into `folder`, for all to read."""
    folder.mkdir(parents=True)
    for name in copied(target):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
