"""ops/audit.py: what pip-audit's report means."""

from __future__ import annotations

from typing import Any

import pytest

from ops.audit import judge


def package(*vulns: str, fixed: tuple[str, ...] = ()) -> dict[str, Any]:
    found = [{"id": one, "fix_versions": list(fixed)} for one in vulns]
    return {"name": "flask", "version": "3.1.3", "vulns": found}


SKIPPED = {"name": "celery", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "last"),
    [
        ([package()], 0, "1 packages, no known vulnerability."),
        ([package(), SKIPPED], 2, "1 of 2 packages could not be checked"),
        ([SKIPPED], 2, "1 of 1 packages could not be checked"),
        ([package("CVE-1", fixed=("3.2",)), SKIPPED], 1, "1 known vulnerabilities in 1 packages."),
    ],
)
def test_only_what_was_checked_and_is_clean_ends_with_0(
    packages: list[dict[str, Any]], code: int, last: str
) -> None:
    said, lines = judge({"dependencies": packages})
    assert said == code
    assert lines[-1].startswith(last)


def test_a_vulnerability_is_named_with_the_version_that_mends_it() -> None:
    _, lines = judge({"dependencies": [package("CVE-1", fixed=("3.2", "4.0")), package("CVE-2")]})
    assert lines[:2] == ["flask 3.1.3: CVE-1, mended in 3.2, 4.0", "flask 3.1.3: CVE-2"]
