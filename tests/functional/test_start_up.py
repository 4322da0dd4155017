"""Every process refuses a wrong configuration with one message, and waits for Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from common.ledger.schema import KEY, SCHEMA
from ops.local.embedded_redis import EmbeddedRedis
from ops.local.supervised import ROOT, procfile_programs
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = {program.name: list(program.command) for program in procfile_programs()}


def test_the_procfile_has_the_seven_processes() -> None:
    assert list(PROCESSES) == [
        "ingress",
        "worker-inbox",
        "worker-koji",
        "worker-mixpanel",
        "beat",
        "flower",
        "console",
    ]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_names_every_problem_at_once_and_exits_2(name: str, tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text('[[routes]]\nname = "a"\nstudy_id = "s"\nmod = "text"\n')
    done = subprocess.run(
        PROCESSES[name],
        env={
            "PATH": os.environ["PATH"],
            "PORT": "eighty",
            "KOJI_BASE_URL": "http://koji.example",
            "BRIDGE_ROUTES": str(tmp_path / "routes.toml"),
        },
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=30,
        text=True,
    )
    assert done.returncode == 2
    for problem in (
        "PORT: Not a valid integer",
        "KOJI_BASE_URL: Must be https://",
        "MIXPANEL_PROJECT_TOKEN: Missing",
        "KOJI_WEBHOOK_SECRETS: Missing",
        "MIXPANEL_WEBHOOK_CREDENTIALS: Missing",
        "unknown key 'mod' (did you mean 'mode'?)",
    ):
        assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", [["ingress"], ["workers", "koji"], ["ops", "status"]])
def test_a_ledger_of_newer_code_is_refused(module: list[str], tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server, server.client() as redis:
        redis.set(KEY, SCHEMA + 1)
        done = subprocess.run(
            [sys.executable, "-m", *module],
            env={**os.environ, **smallest_environ(tmp_path), "REDIS_URL": server.url},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == (1 if module[0] == "ops" else 2)
        assert f"schema {SCHEMA + 1}" in done.stderr
        assert "upgrading" in done.stderr
        assert list(redis.scan_iter()) == [KEY.encode()]
