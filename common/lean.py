"""Imported first by each process: keeps libraries from importing what no process of ours uses.

structlog looks for rich (for colourful tracebacks) and redis-py for OpenTelemetry's metrics,
wherever they happen to be installed; together they are 6 MB a process and a tenth of its start.
Both libraries do without. `None` in `sys.modules` makes an import fail
(docs.python.org/3/reference/import.html).
The command line and the console, which do use rich, do not import this.
"""

from __future__ import annotations

import sys

UNUSED = ("rich", "opentelemetry.sdk.metrics")

for name in UNUSED:
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]
