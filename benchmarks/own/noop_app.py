"""A Celery app with the bridge's own settings and a task that does nothing."""

from __future__ import annotations

from common.celery_app import make_celery
from common.config import load_config_or_exit

app = make_celery(load_config_or_exit().settings)


@app.task(name="bench.noop")
def noop() -> None:
    """Do nothing."""
