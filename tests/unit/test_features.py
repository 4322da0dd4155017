"""docs/features.md: every feature has a test over real processes, and it exists."""

from __future__ import annotations

import ast
import re

import pytest

from ops.local.supervised import ROOT

NAMED = re.compile(r"`(tests/(?:functional|browser)/test_\w+\.py)::(test_\w+)`")
SECTIONS = [
    *("Ways in", "Membership", "Policy", "Identity", "Results", "Delivery", "Privacy"),
    "Reconciliation",
]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of every table, heads and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "feature" and set(row[0]) != {"-"}]


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


TEXT = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
ROWS = rows(TEXT)


def test_the_parts_are_all_there() -> None:
    assert set(SECTIONS) <= set(re.findall(r"^## (.+)$", TEXT, re.MULTILINE))
    assert len(ROWS) >= len(SECTIONS)


def test_a_row_is_read_and_heads_are_not() -> None:
    table = "| feature | key | test |\n|---|---|---|\n| One | `a` | `tests/x.py::test_y` |\n"
    assert rows(table) == [["One", "`a`", "`tests/x.py::test_y`"]]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_feature_has_three_cells_and_its_test_exists(row: list[str]) -> None:
    assert len(row) == 3
    assert all(row)
    named = NAMED.findall(row[2])
    assert named, f"{row[2]}: name it as `tests/functional/test_….py::test_…`"
    for path, test in named:
        assert (ROOT / path).is_file(), f"{path}: no such file"
        assert test in functions_of(path), f"{test} is not in {path}"


def test_no_feature_stands_twice() -> None:
    names = [row[0] for row in ROWS]
    assert len(set(names)) == len(names)
