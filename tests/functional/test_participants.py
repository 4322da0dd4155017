"""Koji's participant files, written from a file of members."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ops.local.local_bridge import ROUTES
from tests.support.commands import ops_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.local.local_bridge import LocalBridge


def test_participant_files_for_koji_have_500_rows_and_what_a_sheet_would_run_is_disarmed(
    start_bridge: Callable[..., LocalBridge], tmp_path: Path
) -> None:
    bridge = start_bridge(routes=ROUTES, processes=("ingress",))
    path = tmp_path / "members.csv"
    lines = [f"u-{n},m{n}@example.com,Member {n},pro" for n in range(1200)]
    lines[0] = "u-0,m0@example.com,=HYPERLINK(1),pro"
    path.write_text("\n".join(["Distinct ID,Email,Name,plan", *lines]))
    told = ops_json(bridge, "cohort", "csv", str(path), "--route", "demo", "--out", str(tmp_path))
    assert [file["rows"] for file in told["files"]] == [500, 500, 200]
    with (tmp_path / "koji-demo-1.csv").open(encoding="utf-8", newline="") as file:
        first, second, *_ = csv.DictReader(file)
    assert first["display_name"] == "'=HYPERLINK(1)"
    assert second == {
        "external_id": "u-1",
        "email": "m1@example.com",
        "display_name": "Member 1",
        "plan": "pro",
        "$city": "",
    }
