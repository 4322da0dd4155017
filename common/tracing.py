"""OpenTelemetry spans where a collector is named; otherwise we import nothing of it.

A result is one trace from its webhook to Mixpanel. What travels with it through the ledger is the
trace's id alone, so the first span's own id is derived from that, and later processes know their
parent. Attributes hold routes, lanes, keys and statuses: nothing personal, and no error texts.
"""

from __future__ import annotations

import random
import re
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import common

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace.export import SpanExporter

    from common.settings import Settings

MOST_LINKS = 100
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_NO_TRACE = "0" * 32
# The trace that begins with the span which is being started.
_root: ContextVar[str] = ContextVar("root", default="")


class Tell(Protocol):
    """Adds attributes to a span."""

    def __call__(self, **attributes: Any) -> None:
        """Add what became known meanwhile."""


class _Tracing:
    """The tracer of this process, None while there is none."""

    tracer: Any = None
    provider: Any = None


def new_trace_id(traceparent: str = "") -> str:
    """Return the trace id that a request brings along (W3C `traceparent`), else a new one."""
    match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    if match and match[1] != _NO_TRACE:
        return match[1]
    # It has to be unlike others, not secret; `os.urandom` gives the interpreter away.
    return f"{random.getrandbits(128):032x}"


def is_tracing() -> bool:
    """Tell whether spans go anywhere."""
    return _Tracing.tracer is not None


def setup_tracing(settings: Settings, process: str) -> None:
    """Send spans to the collector of OTEL_EXPORTER_OTLP_ENDPOINT; without it, do nothing.

    Further variables of OpenTelemetry's own (such as those for headers) are heeded by its SDK.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - memory
        OTLPSpanExporter,
    )

    start_tracing(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"), process)


def start_tracing(exporter: SpanExporter, process: str, *, at_once: bool = False) -> None:
    """Give spans to an exporter; in batches, from a thread of its own, unless told otherwise."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - memory
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        SimpleSpanProcessor,
    )
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    resource = Resource.create(
        {
            "service.namespace": "bridge",
            "service.name": process,
            "service.version": common.__version__,
        }
    )

    class Ids(RandomIdGenerator):
        """Random, but for the first span of a trace whose id is known already."""

        def generate_trace_id(self) -> int:
            return int(_root.get(), 16) if _root.get() else super().generate_trace_id()

        def generate_span_id(self) -> int:
            return _first_span_id(_root.get()) if _root.get() else super().generate_span_id()

    provider = TracerProvider(resource=resource, id_generator=Ids())
    processor = SimpleSpanProcessor if at_once else BatchSpanProcessor
    provider.add_span_processor(processor(exporter))
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("bridge")


def stop_tracing() -> None:
    """Send what is left, and trace no more."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
    _Tracing.provider = _Tracing.tracer = None


def _tell_nobody(**_: Any) -> None:
    pass


_NO_SPAN: AbstractContextManager[Tell] = nullcontext(_tell_nobody)


def span(
    name: str, *, root: str = "", traces: Sequence[str] = (), **attributes: Any
) -> AbstractContextManager[Tell]:
    """Time a block as a span; yields a function that adds attributes.

    `root` is the id of a trace that begins here. `traces` are ids of those it belongs to: it
    becomes part of a single one, and is linked to several. An exception is named by its type.
    """
    if _Tracing.tracer is None:
        return _NO_SPAN
    return _open_span(name, root, traces, attributes)


@contextmanager
def _open_span(
    name: str, root: str, traces: Sequence[str], attributes: dict[str, Any]
) -> Iterator[Tell]:
    from opentelemetry.trace import StatusCode, use_span  # noqa: PLC0415 - memory

    current = _start(name, root, [one for one in traces if _TRACE_ID.fullmatch(one)])

    def tell(**more: Any) -> None:
        current.set_attributes({k: v for k, v in more.items() if v is not None and v != ""})

    tell(**attributes)
    # Without the exception's text, which may quote a person.
    with use_span(current, True, record_exception=False, set_status_on_exception=False):  # noqa: FBT003
        try:
            yield tell
        except BaseException as exc:
            tell(error=type(exc).__name__)
            current.set_status(StatusCode.ERROR)
            raise


def _start(name: str, root: str, traces: list[str]) -> Any:
    from opentelemetry import trace  # noqa: PLC0415 - memory
    from opentelemetry.context import Context  # noqa: PLC0415

    contexts = [
        trace.SpanContext(
            int(one, 16), _first_span_id(one), is_remote=True, trace_flags=trace.TraceFlags(1)
        )
        for one in dict.fromkeys(traces)
    ][:MOST_LINKS]
    parent = None
    if len(contexts) == 1:
        parent = trace.set_span_in_context(trace.NonRecordingSpan(contexts.pop()))
    token = _root.set(root)
    try:
        return _Tracing.tracer.start_span(
            name,
            context=Context() if root else parent,
            links=[trace.Link(one) for one in contexts],
        )
    finally:
        _root.reset(token)


def _first_span_id(trace_id: str) -> int:
    return int(trace_id[16:], 16) or 1
