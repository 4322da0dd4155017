"""`make audit`: every pinned package against the known vulnerabilities, and what could be checked.

pip-audit ends with 0 also where the index knows none of the packages, so its report is read here
(https://github.com/pypa/pip-audit).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TIMEOUT_SECONDS = 10
FOUND, UNCHECKED = 1, 2


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and the lines for a report of pip-audit (`--format json`)."""
    packages = report["dependencies"]
    checked = [one for one in packages if "skip_reason" not in one]
    lines = [
        f"{one['name']} {one['version']}: {vuln['id']}"
        + (f", mended in {', '.join(vuln['fix_versions'])}" if vuln["fix_versions"] else "")
        for one in checked
        for vuln in one["vulns"]
    ]
    if lines:
        return FOUND, [*lines, f"{len(lines)} known vulnerabilities in {len(checked)} packages."]
    if len(checked) < len(packages):
        unknown = len(packages) - len(checked)
        why = "the service does not know them, or another index answers in its place"
        return UNCHECKED, [f"{unknown} of {len(packages)} packages could not be checked: {why}."]
    return 0, [f"{len(checked)} packages, no known vulnerability."]


def main() -> None:
    """Audit constraints.txt; ends with 0, 1 (something was found) or 2 (not all was checked)."""
    command = [
        *(str(ROOT / ".venv-tools" / "bin" / "pip-audit"), "--disable-pip", "--no-deps"),
        *("--requirement", str(ROOT / "constraints.txt"), "--format", "json"),
        *("--progress-spinner", "off", "--timeout", str(TIMEOUT_SECONDS)),
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603
    try:
        code, lines = judge(json.loads(done.stdout))
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        code, lines = UNCHECKED, [f"Nothing was checked, pip-audit did not finish: {last}"]
    print("\n".join(lines))
    sys.exit(code)


if __name__ == "__main__":
    main()
