"""The pages show what is there, and never as markup."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.sandbox.sandbox_harness import Running

EVIL = "<script>alert('x')</script>"
ESCAPED = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"


def test_the_koji_page_shows_interviews_and_escapes_what_they_say(sandbox: Running) -> None:
    sandbox.start({"study_id": EVIL, "respondent_email": EVIL})
    sandbox.koji.post("/_sandbox/koji/complete", {"all": True, "analysis": {"sentiment": EVIL}})

    answer = sandbox.koji.call("GET", "/")
    text = answer.body.decode()
    assert text.count(ESCAPED) == 3
    assert "<script" not in text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<meta http-equiv="refresh" content="2">' in text


def test_the_mixpanel_page_shows_the_newest_first_and_escapes_everything(sandbox: Running) -> None:
    at = int(time.time())
    events = [
        {
            "event": f"E{number}",
            "properties": {
                "time": at,
                "distinct_id": EVIL,
                "$insert_id": f"id-{number}",
                EVIL: [EVIL],
            },
        }
        for number in (1, 2)
    ]
    token = {"Authorization": "Basic " + base64.b64encode(b"t:").decode()}
    sandbox.mixpanel.call("POST", "/import", events, token)
    sandbox.mixpanel.post("/engage", [{"$token": "t", "$distinct_id": EVIL, "$set": {"a": EVIL}}])

    text = sandbox.mixpanel.call("GET", "/").body.decode()
    assert "<script" not in text
    assert text.count(ESCAPED) >= 6
    assert text.index("E2") < text.index("E1")


def test_empty_pages_say_so(sandbox: Running) -> None:
    assert "Nothing yet." in sandbox.koji.call("GET", "/").body.decode()
    assert "Nothing yet." in sandbox.mixpanel.call("GET", "/").body.decode()
