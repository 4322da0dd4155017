"""One id for a request and all that comes of it: on log lines, in the ledger, in traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from common.tracing import is_tracing, new_trace_id, span

if TYPE_CHECKING:
    from flask import Flask, Response


def watch(app: Flask) -> None:
    """Give every request of an app an id, or keep the one that it brings as W3C `traceparent`."""

    @app.before_request
    def _begin() -> None:
        g.trace_id = trace_id = new_trace_id(request.environ.get("HTTP_TRACEPARENT", ""))
        bind_contextvars(trace_id=trace_id)
        if is_tracing():
            # The rule that matched, never the path sent, which may hold anything.
            route = request.url_rule.rule if request.url_rule else "unmatched"
            g.span = span("request", root=trace_id, method=request.method, route=route)
            g.tell = g.span.__enter__()

    @app.after_request
    def _answered(response: Response) -> Response:
        if is_tracing():
            g.tell(status=response.status_code)
        return response

    @app.teardown_request
    def _end(_: BaseException | None) -> None:
        if is_tracing():
            open_span: Any = g.pop("span", None)
            if open_span is not None:
                open_span.__exit__(None, None, None)
        clear_contextvars()
