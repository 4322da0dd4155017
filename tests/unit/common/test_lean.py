"""Processes start without what they do not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from common.lean import UNUSED


@pytest.mark.parametrize("module", ["workers", "ingress", "ops.flower"])
def test_a_process_leaves_out_what_it_does_not_use(module: str) -> None:
    name = f"{module}.__main__" if module != "ops.flower" else module
    unused = (*UNUSED, "prompt_toolkit")
    code = (
        f"import sys, {name}, structlog, redis\n"
        f"print([one for one in {unused!r} if sys.modules.get(one)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_keeps_its_tables() -> None:
    code = "import ops.cli, rich.table; print(rich.table.Table.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "Table"
