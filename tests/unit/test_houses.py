"""The houses: who may import from whom."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUSES = ("common", "ingress", "workers", "ops", "sandbox")
ALLOWED = {
    "common": {"common"},
    "ingress": {"ingress", "common"},
    "workers": {"workers", "common"},
    "ops": {"ops", "common"},
    "sandbox": {"sandbox"},
}
MODULES = sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Yield the first part of every module that is imported, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def relative(source: str) -> list[int]:
    """Return the lines of relative imports, which would hide a house."""
    nodes = ast.walk(ast.parse(source))
    return [node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


@pytest.mark.parametrize("house", HOUSES)
def test_every_house_is_looked_at(house: str) -> None:
    assert len([path for path in MODULES if path.is_relative_to(ROOT / house)]) > 5


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_its_own_house_and_common(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    house = path.relative_to(ROOT).parts[0]
    ours = {*HOUSES, "tests", "benchmarks"}
    assert set(imported(source)) & ours <= ALLOWED[house]
    assert relative(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import workers",
        "import os, workers.bridge as b",
        "from workers.bridge import Bridge",
        "def f():\n    from workers import bridge",
        "if TYPE_CHECKING:\n    from workers.bridge import Bridge",
        "try:\n    import workers.bridge\nexcept ImportError:\n    pass",
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str) -> None:
    assert "workers" in set(imported(source))
