"""Commands are imported when they are called, and are all there for whoever looks."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from ops.cli import COMMANDS, cli
from ops.lazy_commands import LazyCommands, LazyGroup, Place
from ops.local.supervised import ROOT
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.local.embedded_redis import EmbeddedRedis

# What takes longer to import than a command that does not need it takes to run.
HEAVY = (
    *("celery", "kombu", "flask", "werkzeug", "jinja2", "requests", "urllib3", "rich.progress"),
    *("sentry_sdk", "structlog", "opentelemetry", "prometheus_client", "aiohttp", "gunicorn"),
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_the_first_sentence_of_the_commands_help(name: str) -> None:
    assert COMMANDS[name].summary == cli.commands[name].get_short_help_str(limit=1000)


def test_help_lists_every_command_and_imports_none(
    imported: Callable[..., tuple[str, set[str]]],
) -> None:
    told, modules = imported("--help")
    lines = [line.split(maxsplit=1) for line in told.splitlines() if line.strip()]
    assert {line[0] for line in lines} >= set(COMMANDS)
    assert not [name for name in modules if name.startswith("ops.commands.")]
    assert modules.isdisjoint({"redis", "marshmallow", *HEAVY})


@pytest.mark.parametrize(
    ("args", "drawn"),
    [
        (("dead-letters", "list"), True),
        (("dead-letters", "list", "--json"), False),
        (("dead-letters", "show", "writes:int_1"), False),
        (("dead-letters", "replay", "--all", "--dry-run"), False),
        (("dead-letters", "drop", "writes:int_1"), True),
        (("status",), True),
        (("status", "--json"), False),
        (("pause", "activation"), False),
        (("resume", "activation"), False),
        (("audit", "--json"), False),
        (("suppress", "list", "--json"), False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_imports_only_what_it_needs(
    imported: Callable[..., tuple[str, set[str]]],
    args: tuple[str, ...],
    drawn: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    _, modules = imported(*args)
    assert "redis" in modules, "the command did not run"
    assert modules.isdisjoint(HEAVY)
    assert drawn or "rich" not in modules


def test_an_unknown_command_is_met_with_those_that_are_alike() -> None:
    done = CliRunner().invoke(cli, ["statsu"])
    assert done.exit_code == 2
    assert "status" in done.stderr


def test_completion_knows_every_command() -> None:
    found = ShellComplete(cli, {}, "ops", "_OPS_COMPLETE").get_completions([], "")
    assert {one.value for one in found} == set(COMMANDS)


def test_a_command_may_also_be_given_and_taken_away() -> None:
    group = LazyGroup("group", commands=LazyCommands({"far": Place("nowhere:far", "Is far.")}))

    @group.command()
    def near() -> None:
        """Be near. Nothing more."""

    assert "Be near." in CliRunner().invoke(group, ["--help"]).stdout
    assert CliRunner().invoke(group, ["near"]).exit_code == 0
    del group.commands["near"]
    assert list(group.commands) == ["far"]
    assert len(group.commands) == 1
    assert group.get_command(click.Context(group), "near") is None


@pytest.fixture
def imported(redis_server: EmbeddedRedis, tmp_path: Path) -> Callable[..., tuple[str, set[str]]]:
    """Run a command as a process; returns what it printed and the modules it had at its end."""
    environ = {**os.environ, **smallest_environ(tmp_path), "REDIS_URL": redis_server.url}
    code = (
        "import atexit, runpy, sys\n"
        "there = lambda: [name for name, one in sys.modules.items() if one is not None]\n"
        "atexit.register(lambda: sys.stderr.write('\\n' + ' '.join(there())))\n"
        "runpy.run_module('ops', run_name='__main__', alter_sys=True)\n"
    )

    def run(*args: str) -> tuple[str, set[str]]:
        done = subprocess.run(
            [sys.executable, "-c", code, *args],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout, set(done.stderr.splitlines()[-1].split())

    return run
