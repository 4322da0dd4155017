"""What holds for every command: help, JSON, exit codes, .env, a Redis that is away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from common.rates import Rate
from ops.cli import cli
from ops.masking import masked, readable
from ops.output import duration
from ops.parameters import Pace, Since

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def command_of(path: tuple[str, ...]) -> click.Command:
    found: click.Command = cli
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


@pytest.mark.parametrize("path", [(), *commands()], ids=" ".join)
def test_help_ends_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"], prog_name="python -m ops")
    assert result.exit_code == 0
    _, _, examples = result.stdout.partition("Example:\n")
    lines = [line.strip() for line in examples.strip().splitlines()]
    assert lines
    assert all(line.startswith("python -m ops ") for line in lines)


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_takes_json(path: tuple[str, ...]) -> None:
    command = command_of(path)
    if not isinstance(command, click.Group):
        assert "--json" in [name for parameter in command.params for name in parameter.opts]


@pytest.fixture
def elsewhere(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty folder and an environment without any variable of the bridge."""
    monkeypatch.chdir(tmp_path)
    for name in environ:
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for name in environ:
        os.environ.pop(name, None)


def write_dotenv(folder: Path, environ: dict[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in environ.items())
    (folder / ".env").write_text(text, encoding="utf-8")


def test_a_redis_that_is_away_is_one_message_and_exit_1(
    elsewhere: Path, environ: dict[str, str]
) -> None:
    write_dotenv(elsewhere, {**environ, "REDIS_URL": "redis://user:geheim@127.0.0.1:1/0"})
    result = CliRunner().invoke(cli, ["status", "--json"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Redis at redis://127.0.0.1:1/0 cannot be used: ")
    assert "geheim" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_environment_is_stronger_than_dotenv(
    elsewhere: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dotenv(elsewhere, environ)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:2/5")
    assert "127.0.0.1:2/5" in CliRunner().invoke(cli, ["status"]).stderr


def test_a_wrong_configuration_exits_2_with_every_problem(
    elsewhere: Path, environ: dict[str, str]
) -> None:
    write_dotenv(elsewhere, {**environ, "PORT": "many", "KOJI_API_KEY": ""})
    result = CliRunner().invoke(cli, ["status", "--json"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "PORT" in result.stderr
    assert "KOJI_API_KEY" in result.stderr


def test_it_runs_as_a_module(elsewhere: Path, environ: dict[str, str]) -> None:
    write_dotenv(elsewhere, environ)
    done = subprocess.run(
        [sys.executable, "-m", "ops", "status"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Redis at redis://127.0.0.1:1/0 cannot be used")


# --- values of options ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds_ago"),
    [("90s", 90), ("5m", 300), ("1h", 3600), ("7D", 604800), ("1w", 604800)],
)
def test_since_takes_a_length_of_time(text: str, seconds_ago: int) -> None:
    since_ms = Since().convert(text, None, None)
    assert abs(time.time() - seconds_ago - since_ms / 1000) < 5


@pytest.mark.parametrize(
    "text",
    ["2026-05-27T10:00:00Z", "2026-05-27T12:00:00+02:00", "2026-05-27 10:00", " 20260527T10 "],
)
def test_since_takes_an_iso_time_in_utc_unless_it_says_otherwise(text: str) -> None:
    expected = datetime(2026, 5, 27, 10, tzinfo=UTC).timestamp() * 1000
    assert Since().convert(text, None, None) == expected


@pytest.mark.parametrize("text", ["", "h", "1 hour", "-1h", "2026-13-01"])
def test_since_refuses_the_rest(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Since().convert(text, None, None)


def test_a_pace_is_a_rate() -> None:
    assert Pace().convert("30/minute", None, None) == Rate(30, 60)
    assert Pace().convert(Rate(1, 1), None, None) == Rate(1, 1)
    assert Since().convert(5, None, None) == 5


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "-"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3725, "1 h 2 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_lengths_of_time_are_told_as_people_say_them(seconds: float | None, told: str) -> None:
    assert duration(seconds) == told


# --- masking ----------------------------------------------------------------------------------


def test_shape_and_our_own_words_stay() -> None:
    payload = {
        "kind": "cohort_page",
        "route": "activation",
        "page": 3,
        "members": [{"email": "a@b.cd", "age": 7, "vip": True, "none": None, "empty": ""}],
    }
    assert masked(payload) == {
        "kind": "cohort_page",
        "route": "activation",
        "page": 3,
        "members": [{"email": "***", "age": "***", "vip": True, "none": None, "empty": ""}],
    }


def test_an_address_in_a_harmless_place_is_masked_all_the_same() -> None:
    assert masked({"source": "from jane@example.com"}) == {"source": "from ***"}


def test_a_members_property_with_a_harmless_name_is_masked() -> None:
    member: dict[str, Any] = {"members": [{"source": "Jane's blog", "mode": "dark"}]}
    assert masked(member) == {"members": [{"source": "***", "mode": "***"}]}
    assert masked({"properties": {"source": "Jane's blog"}}) == {"properties": {"source": "***"}}


def test_unreadable_payloads_are_masked_as_a_whole() -> None:
    assert readable("inbox", b"\xff jane") == "\ufffd jane"
    assert masked(readable("inbox", b"\xff jane")) == "***"
    assert json.loads(json.dumps(readable("invitations", b""))) == {
        "distinct_id": "",
        "email": "",
        "name": "",
        "cohort_id": "",
        "properties": {},
        "route": "",
    }
