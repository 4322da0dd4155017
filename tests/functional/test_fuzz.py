"""Five thousand odd requests to a real ingress: never a 5xx, nothing stored by a refused one."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import random
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from ops.local.local_bridge import COHORT_ID
from tests.functional.conftest import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.local.local_bridge import LocalBridge

REQUESTS = 5000
TOKEN = "fuzz-token"
EXPECTED = {200, 400, 401, 404, 405, 413}
ODD_TEXTS = (
    *('{"a":' * 5000, "[" * 100_000, "NaN", '{"a":NaN}', "Infinity", "-", '"\\ud800"', "nul", ""),
    *('{"action":"members","action":7}', '{"a":1e999}', "9" * 5000, '"\\u0000"', "\ufeff{}", "{}}"),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 2**80, "", " ", "\x00", "null", "\ud83d\ude00", "a" * 3000),
    *([], {}, [[]], {"": ""}, [None] * 50, {"a": {"b": {"c": []}}}, "2026-13-45T99:99:99Z"),
)


def _cohort() -> dict[str, Any]:
    return {
        "action": "add_members",
        "parameters": {
            "mixpanel_cohort_id": COHORT_ID,
            "mixpanel_session_id": "s",
            "page_info": {"total_pages": 1, "page_count": 1},
            "members": [{"email": "a@example.com", "mixpanel_distinct_id": "a", "plan": "x"}],
        },
    }


def _result(number: int) -> dict[str, Any]:
    return {
        "event": "interview.analysis_ready",
        "timestamp": "2026-05-01T10:00:00Z",
        "data": {
            "interview_id": f"iv-{number}",
            "study_id": "st_demo",
            "respondent": {"external_id": "a", "email": "a@example.com", "metadata": {}},
            "themes": ["one", {"name": "two"}],
            "sentiment": {"label": "positive"},
            "quality_score": 4,
            "structured_answers": [{"question_id": "q", "type": "scale", "value": 7}],
            "completed_at": "2026-05-01T09:59:00Z",
        },
    }


def _members() -> dict[str, Any]:
    return {"members": [{"route": "demo", "email": "b@example.com", "distinct_id": "b", "x": 1}]}


class Fuzzer:
    """Valid requests, bent at random places."""

    def __init__(self, bridge: LocalBridge, seed: int) -> None:
        self.bridge = bridge
        self.dice = random.Random(seed)
        self.session = requests.Session()
        self.numbers = iter(range(10**9))

    def bend(self, value: Any) -> Any:
        """Return the value with one place in it replaced, removed or wrapped."""
        if isinstance(value, dict) and value and self.dice.random() < 0.75:
            key = self.dice.choice(list(value))
            if self.dice.random() < 0.15:
                return {name: item for name, item in value.items() if name != key}
            return {**value, key: self.bend(value[key])}
        if isinstance(value, list) and value and self.dice.random() < 0.5:
            place = self.dice.randrange(len(value))
            return [*value[:place], self.bend(value[place]), *value[place + 1 :]]
        return self.dice.choice([*ODD_VALUES, [value], {"x": value}])

    def body(self, make: Callable[[], dict[str, Any]]) -> bytes:
        if self.dice.random() < 0.15:
            text = self.dice.choice(ODD_TEXTS)
            return text.encode("utf-8", "surrogatepass")
        if self.dice.random() < 0.1:
            return self.dice.randbytes(self.dice.randrange(200))
        value: Any = make()
        for _ in range(self.dice.randrange(4)):
            value = self.bend(value)
        return json.dumps(value).encode()

    def send(self) -> tuple[str, requests.Response]:
        """Send one request; returns its route and the answer."""
        path = self.dice.choice(["/webhooks/mixpanel/cohorts", "/webhooks/koji", "/members"])
        make = {
            "/webhooks/mixpanel/cohorts": _cohort,
            "/webhooks/koji": lambda: _result(next(self.numbers)),
            "/members": _members,
        }[path]
        body = self.body(make)
        # One connection each: the server may end one whose request it refused to read.
        headers = {"Connection": "close"}
        headers["Content-Type"] = self.dice.choice(["application/json", "text/plain", "x", ""])
        if self.dice.random() < 0.1:
            headers["Content-Encoding"] = self.dice.choice(["gzip", "br", "identity", "gzip, gzip"])
            if self.dice.random() < 0.5:
                body = gzip.compress(body)
        good = self.dice.random() < 0.9
        auth = None
        if path == "/webhooks/koji":
            signature = hmac.new(self.bridge.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Koji-Signature"] = (
                signature if good else self.dice.choice(["", "\xff", "00"])
            )
        elif path == "/members":
            headers["Authorization"] = f"Bearer {TOKEN if good else 'x'}"
        else:
            auth = self.bridge.credentials if good else ("mixpanel", "wr\xf6ng")
        method = "POST" if self.dice.random() < 0.98 else self.dice.choice(["GET", "PUT", "DELETE"])
        answer = self.session.request(
            method,
            self.bridge.url + path,
            data=body,
            headers={name: value.encode("latin-1") for name, value in headers.items()},
            auth=auth,
            timeout=10,
        )
        return path, answer


def stored(path: str, answer: requests.Response) -> bool:
    """Tell from the answer whether something was taken in."""
    if answer.status_code != 200:
        return False
    body = answer.json()
    if path == "/members":
        return bool(body["accepted"] > 0)
    return body["status"] in {"success", "accepted"}


@pytest.fixture(scope="module")
def ingress() -> Iterator[LocalBridge]:
    """Only ingress, so that what is stored stays to be counted."""
    with running(processes=("ingress",), environ={"MEMBERS_API_TOKENS": TOKEN}) as bridge:
        yield bridge


def test_odd_requests_get_a_clear_answer_and_store_nothing(ingress: LocalBridge) -> None:
    fuzzer = Fuzzer(ingress, seed=20260501)
    accepted, seen = 0, set()
    with ingress.redis() as redis:
        for _ in range(REQUESTS):
            path, answer = fuzzer.send()
            assert answer.status_code in EXPECTED, (path, answer.status_code, answer.text)
            seen.add((path, answer.status_code))
            accepted += stored(path, answer)
            if answer.status_code == 400:
                assert "example.com" not in answer.text
        entries = redis.hlen("bridge:{inbox}:entries")
        assert entries == accepted
    assert accepted > REQUESTS / 10
    for path in ("/webhooks/mixpanel/cohorts", "/webhooks/koji", "/members"):
        assert {(path, 200), (path, 400), (path, 401), (path, 405)} <= seen
    assert requests.get(f"{ingress.url}/readyz", timeout=5).status_code == 200


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_one_byte_too_large_is_a_413(ingress: LocalBridge, *, compressed: bool) -> None:
    body = b'"' + b" " * 9_999_999 + b'"'
    signature = hmac.new(
        ingress.secret.encode(),
        gzip.compress(body, mtime=0) if compressed else body,
        hashlib.sha256,
    ).hexdigest()
    headers = {"X-Koji-Signature": signature}
    if compressed:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    answer = requests.post(f"{ingress.url}/webhooks/koji", data=body, headers=headers, timeout=10)
    assert answer.status_code == 413


def test_a_too_large_body_is_refused_before_it_is_read(ingress: LocalBridge) -> None:
    with socket.create_connection(("127.0.0.1", ingress.port), timeout=5) as wire:
        wire.sendall(
            b"POST /webhooks/koji HTTP/1.1\r\nHost: x\r\nContent-Length: 10000001\r\n"
            b"X-Koji-Signature: 00\r\n\r\n"
        )
        at = time.monotonic()
        assert b" 413 " in wire.recv(200)
        assert time.monotonic() - at < 5


def test_slow_bodies_do_not_stop_the_others(ingress: LocalBridge) -> None:
    wires = [socket.create_connection(("127.0.0.1", ingress.port), timeout=5) for _ in range(8)]
    try:
        for wire in wires:
            wire.sendall(b"POST /webhooks/koji HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        at = time.monotonic()
        assert requests.get(f"{ingress.url}/healthz", timeout=5).status_code == 200
        assert time.monotonic() - at < 5, "a silent sender is given up after 15 s"
    finally:
        for wire in wires:
            wire.close()
