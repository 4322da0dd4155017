"""The sandbox as a program: its options, the line it prints, and its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.options import Options, parse_options

if TYPE_CHECKING:
    from tests.unit.sandbox.sandbox_harness import Client, Running

ROOT = Path(__file__).parents[3]


def test_the_command_line_wins_over_the_environment() -> None:
    environ = {
        "SANDBOX_KOJI_PORT": "1",
        "SANDBOX_SEED": "7",
        "SANDBOX_AUTO_INTERVIEW": "false",
        "SANDBOX_COUNT_REFUSED": "1",
        "SANDBOX_API_KEY": "a,b",
        "SANDBOX_WEBHOOK_RETRY_SECONDS": "1,2.5",
    }
    options = parse_options(["--koji-port", "2", "--api-key", "c"], environ)

    assert (options.koji_port, options.seed, options.api_key) == (2, "7", ("a", "b", "c"))
    assert (options.auto_interview, options.count_refused) == (False, True)
    assert options.webhook_retry_seconds == (1.0, 2.5)


def test_without_options_the_defaults_hold() -> None:
    assert parse_options([], {}) == Options()


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["--dedupe", "phone"], {}),
        (["--anonymous-share", "2"], {}),
        (["--duplicate-answer", "500"], {}),
        (["--webhook-secret", ""], {}),
        (["--signature-scheme", "standard", "--webhook-secret", "whsec_!"], {}),
        (["--service-account", "user"], {}),
        (["--rate-limit", "-1"], {}),
        ([], {"SANDBOX_AUTO_INTERVIEW": "maybe"}),
        ([], {"SANDBOX_KOJI_PORT": "http"}),
    ],
)
def test_an_option_that_cannot_be_used_ends_with_status_2(
    argv: list[str], environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(argv, environ)

    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_promptly_even_with_calls_under_way(
    number: signal.Signals, connect: type[Client]
) -> None:
    environ = {**os.environ, "SANDBOX_KOJI_PORT": "0", "SANDBOX_MIXPANEL_PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--latency-ms", "60000"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.fullmatch(r"sandbox ready koji=(http://\S+) mixpanel=(http://\S+)\n", ready)
        assert found is not None
        koji = connect(found[1])
        assert koji.get("/_sandbox/health")["mixpanel"] == found[2]
        with pytest.raises(TimeoutError):
            koji.call("POST", "/api/v1/interviews/start", {}, timeout=0.05)
        process.send_signal(number)
        # Far less than the minute that the call under way would take.
        assert process.wait(timeout=20) == 0


def test_a_port_that_is_taken_is_told_and_ends_with_status_1(sandbox: Running) -> None:
    taken = sandbox.koji.url.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "--mixpanel-port", "0"],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_KOJI_PORT": taken},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert ended.returncode == 1
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr
