"""What ingress imports: time and memory, against Flask and gunicorn alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.own.measure import Figures, Measure, Row
from benchmarks.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes

OURS = "import ingress.server, ingress.app, ingress.__main__"
BARE = "import flask, gunicorn.app.base"
PROBE = """\
import json, re, sys, time
began_at = time.perf_counter()
{imports}
took = time.perf_counter() - began_at
# Not getrusage, whose peak is that of the parent at first.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([took * 1000, peak * 1024 / 1e6, len(sys.modules)]))
"""


def measure(_folder: Path, sizes: Sizes) -> Figures:
    """Return medians over fresh interpreters, the two taking turns."""
    runs: dict[str, list[list[float]]] = {OURS: [], BARE: []}
    for _ in range(sizes.imports):
        for imports, found in runs.items():
            found.append(_probe(imports))
    ours, bare = ([median(values) for values in zip(*runs[i], strict=True)] for i in (OURS, BARE))
    return {
        "bare_ms": bare[0],
        "ms": ours[0],
        "bare_mb": bare[1],
        "mb": ours[1],
        "bare_modules": bare[2],
        "modules": ours[2],
    }


def _probe(imports: str) -> list[float]:
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", PROBE.format(imports=imports)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
        timeout=60,
    )
    figures: list[float] = json.loads(done.stdout)
    return figures


MEASURE = Measure(
    "imports",
    "What ingress imports",
    measure,
    (
        Row("bare_ms", "import of Flask and gunicorn", "ms"),
        Row("ms", "import of ingress", "ms"),
        Row("bare_mb", "peak RSS with Flask and gunicorn", "MB"),
        Row("mb", "peak RSS with ingress", "MB"),
        Row("bare_modules", "modules with Flask and gunicorn"),
        Row("modules", "modules with ingress"),
    ),
    once=True,
)
