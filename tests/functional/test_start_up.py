"""Every process refuses a wrong configuration with one message, and waits for Redis."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ops.local.supervised import ROOT, procfile_programs

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
