"""Our own everyday log lines, written without the detours of `logging`.

Every request and every call writes one, so their cost counts. Warnings and errors take the way
through `logging`, where Sentry listens and libraries' lines come together with ours.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TextIO

from structlog.stdlib import ProcessorFormatter

from common.log_writer import writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from structlog.typing import EventDict, Processor

EVERYDAY = frozenset({"debug", "info"})


class Lines:
    """What structlog calls at the end of its chain; a line to write, or a record for `logging`."""

    def __init__(self, name: str) -> None:
        """Stand for the logger of this name."""
        self.name = name
        self._logger = logging.getLogger(name)
        self.disabled = False
        self.getEffectiveLevel = self._logger.getEffectiveLevel
        self.warning = self._logger.warning
        self.error = self._logger.error
        self.critical = self._logger.critical
        self.exception = self._logger.error  # the chain has put the exception into the event

    def info(self, line: str) -> None:
        """Write a line, whole and soon."""
        writer.write(line)

    debug = info


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes records of `logging`, after the everyday lines that came before them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        writer.flush()
        super().emit(record)


def make_lines(*names: str) -> Lines:
    """Make the logger of a module, as structlog's logger factory."""
    return Lines(names[0] if names else "bridge")


def render_everyday(mask: Processor, renderers: Sequence[Processor]) -> Callable[..., Any]:
    """Return the chain's last step: everyday lines are rendered here, the others by `logging`.

    `mask` takes addresses out of an event. Looking whether a finished line could hold one is
    cheaper than looking into each of its values, and hardly any line does.
    """

    def render(logger: Any, method: str, event: EventDict) -> Any:
        if method not in EVERYDAY:
            return ProcessorFormatter.wrap_for_formatter(logger, method, event)
        line = finish(logger, method, dict(event))
        return finish(logger, method, mask(logger, method, event)) if "@" in line else line

    def finish(logger: Any, method: str, event: Any) -> str:
        for renderer in renderers:
            event = renderer(logger, method, event)
        return str(event)

    return render
