"""Every way in ends in the same invitations, once for each person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import requests

from ops.local.embedded_redis import EmbeddedRedis
from ops.local.progress import read_progress
from ops.local.supervised import ROOT
from ops.local.waiting import wait_until
from tests.support.commands import ops_json
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.local.local_bridge import LocalBridge

QUICK = {"interview_delay_seconds": 600}
# Above what such a process needs with an empty file: it reads rows, it does not collect them.
MOST_MB = 100


def started(bridge: LocalBridge) -> int:
    return int(bridge.sandbox.get("koji", "summary")["started"])


def test_a_csv_as_mixpanel_exports_it_is_imported_once(
    start_bridge: Callable[..., LocalBridge], tmp_path: Path
) -> None:
    bridge = start_bridge(sandbox_options=QUICK)
    path = tmp_path / "export.csv"
    rows = "".join(f'u-{n},u{n}@example.com,"Doe, {n}"\r\n' for n in range(5))
    path.write_text(f"\ufeff$distinct_id,$email,$name\r\n{rows}", encoding="utf-8")
    for _ in range(2):
        told = ops_json(bridge, "cohort", "import", str(path), "--route", "demo")
        assert (told["rows"], told["accepted"], told["rejected"]) == (5, 5, 0)
    wait_until(lambda: started(bridge) == 5, 20, "all five are started")
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").owed == 0, 20, "nothing is owed")
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0


def test_a_long_csv_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("$distinct_id,$email,$name,unused\n")
        for n in range(120_000):
            file.write(f"user-{n},user{n}@example.com,Somebody {n},{'x' * 200}\n")
    with EmbeddedRedis(tmp_path / "redis") as redis:
        environ = {**os.environ, **smallest_environ(tmp_path), "REDIS_URL": redis.url}
        route = "activation"
        code = (
            "import re, sys\n"
            "from ops.cli import cli\n"
            f"cli(['cohort', 'import', {str(path)!r}, '--route', {route!r}, '--json'],"
            " standalone_mode=False)\n"
            # Not ru_maxrss, which a process inherits from the one that started it.
            "status = open('/proc/self/status').read()\n"
            "print(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1], file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
    assert json.loads(done.stdout)["accepted"] == 120_000
    assert int(done.stderr.split()[-1]) / 1024 < MOST_MB


def test_members_in_the_shapes_that_reverse_etl_tools_send(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(environ={"MEMBERS_API_TOKENS": "token"}, sandbox_options=QUICK)
    samples = sorted((ROOT / "docs" / "sources" / "samples").glob("*.json"))
    assert len(samples) >= 5
    for sample in samples:
        answer = requests.post(
            f"{bridge.url}/members",
            data=sample.read_bytes(),
            headers={"Authorization": "Bearer token", "Content-Type": "application/json"},
            timeout=10,
        )
        assert answer.status_code == 200, (sample.name, answer.text)
        assert answer.json()["rejected"] == [], sample.name
        assert answer.json()["accepted"] >= 1, sample.name
    # Everywhere the same two people, whatever brought them.
    wait_until(lambda: started(bridge) == 2, 20, "both are started")
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").owed == 0, 20, "nothing is owed")
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0
