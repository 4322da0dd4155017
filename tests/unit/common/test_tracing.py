"""Spans: nothing without a collector, one trace a result with one, and nothing personal."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from common.config import load_config
from common.tracing import new_trace_id, setup_tracing, span, start_tracing, stop_tracing
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, TWO = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    start_tracing(exporter, "test", at_once=True)
    yield exporter
    stop_tracing()


def trace_of(one: Any) -> str:
    return f"{one.context.trace_id:032x}"


def test_without_a_collector_a_span_is_nothing(tmp_path: Path) -> None:
    setup_tracing(load_config(smallest_environ(tmp_path)).settings, "test")
    with span("unpack", traces=[ONE], key="k") as tell:
        tell(status=200)
    with pytest.raises(KeyError), span("unpack"):
        raise KeyError


def test_without_a_collector_or_a_dsn_neither_exporter_nor_sentry_is_imported(
    tmp_path: Path,
) -> None:
    code = (
        "import sys, ingress.app, workers.app, common.tracing as t, common.observability as o\n"
        "from common.config import load_config\n"
        "settings = load_config().settings\n"
        "o.setup(settings, 'p'); t.setup_tracing(settings, 'p')\n"
        "with t.span('a', root=t.new_trace_id()): pass\n"
        # redis-py itself imports OpenTelemetry's metrics wherever they are installed.
        "heavy = ('opentelemetry.exporter', 'google.protobuf', 'sentry_sdk')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=smallest_environ(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_result_is_one_trace_from_its_request_on(spans: InMemorySpanExporter) -> None:
    with span("request", root=ONE, route="/webhooks/koji"):
        pass
    with span("unpack", traces=[ONE], lane="inbox", key="result:1") as tell, span("inner"):
        tell(status=None, outcome="")
    request, inner, unpack = spans.get_finished_spans()
    assert {trace_of(one) for one in (request, inner, unpack)} == {ONE}
    assert request.parent is None
    assert unpack.parent is not None
    assert unpack.parent.span_id == request.context.span_id
    assert inner.parent is not None
    assert inner.parent.span_id == unpack.context.span_id
    assert dict(unpack.attributes or {}) == {"lane": "inbox", "key": "result:1"}
    assert unpack.resource.attributes["service.name"] == "test"


def test_a_batch_is_linked_to_the_traces_of_its_results(spans: InMemorySpanExporter) -> None:
    with span("write_results", traces=[ONE, TWO, ONE, "", "no id"], results=5):
        pass
    (batch,) = spans.get_finished_spans()
    assert batch.parent is None
    assert [f"{link.context.trace_id:032x}" for link in batch.links] == [ONE, TWO]


def test_a_trace_of_its_own_has_a_new_id(spans: InMemorySpanExporter) -> None:
    for _ in range(2):
        with span("start_interview"):
            pass
    assert len({trace_of(one) for one in spans.get_finished_spans()}) == 2


def test_an_exception_is_named_without_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Ann"), span("unpack"):
        raise ValueError("Ann Smith, ann@example.com")
    (one,) = spans.get_finished_spans()
    assert dict(one.attributes or {}) == {"error": "ValueError"}
    assert one.status.status_code is StatusCode.ERROR
    assert "Ann" not in one.to_json()


def test_spans_reach_a_collector_over_http(tmp_path: Path) -> None:
    bodies: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            bodies.append((self.path, self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        environ = smallest_environ(tmp_path) | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        setup_tracing(load_config(environ).settings, "ingress")
        with span("request", root=ONE, status=200):
            pass
        stop_tracing()
        server.shutdown()
        thread.join()
    ((path, body),) = bodies
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    (sent,) = resource.scope_spans[0].spans
    assert (sent.name, sent.trace_id.hex()) == ("request", ONE)


@pytest.mark.parametrize(
    "header", ["", f"00-{ONE}-b7ad6b7169203331", f"00-{'0' * 32}-{'1' * 16}-01"]
)
def test_a_header_that_is_no_traceparent_gives_a_new_id(header: str) -> None:
    assert len(new_trace_id(header)) == 32
    assert new_trace_id(header) not in {ONE, "0" * 32}


def test_a_traceparent_of_a_later_version_is_read() -> None:
    assert new_trace_id(f" 01-{ONE}-b7ad6b7169203331-01-more ") == ONE
