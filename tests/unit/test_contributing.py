"""CONTRIBUTING.md: what a newcomer is told to type still works."""

from __future__ import annotations

import json
import re

import pytest

from common.rates import Rate
from common.route_reading import parse_routes
from ingress.cohort_payload import parse_cohort
from ops.local.supervised import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_first_members_are_of_the_first_route() -> None:
    (routes,), (body,) = (
        re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL),
        re.findall(r"-d '(\{.*\})'", TEXT),
    )
    found, problems = parse_routes(routes)
    assert problems == []
    call = parse_cohort(json.loads(body))
    assert found.for_cohort(call.cohort_id, call.cohort_name) is not None
    (member,) = call.members
    assert f"/profiles/{member['mixpanel_distinct_id']}" in TEXT


def test_the_first_test_to_change_fails_until_the_code_changes() -> None:
    (line,) = re.findall(r'\("(60/min)", Rate\(60, 60\)\),', TEXT)
    with pytest.raises(ValueError, match="60/minute"):
        Rate.parse(line)
    tests = (ROOT / "tests" / "unit" / "common" / "test_rates.py").read_text(encoding="utf-8")
    assert "def test_a_rate_is_read(" in tests
    assert '"minute": 60' in (ROOT / "common" / "rates.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", re.findall(r"^\| `(tests/\w+/)` \|", TEXT, re.MULTILINE))
def test_every_layer_of_tests_is_there(folder: str) -> None:
    assert list((ROOT / folder).glob("*.py"))


def test_every_make_target_is_told() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    told = set(re.findall(r"make ([a-z-]+)", TEXT))
    assert targets - told <= {"help", "clean"}
