"""How the link of a started interview reaches its person, over real processes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from ops.local.local_bridge import ROUTES
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops
from tests.support.postbox import Postbox, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
# Nobody answers an interview before the link to it has gone out.
SANDBOX = {"link_key": "interview_url", "interview_delay_seconds": 600}
MAIL = """\
deliver = "smtp"
[routes.mail]
subject = "{{ name or 'Hello' }}, ten minutes?"
text = "You are on {{ properties.plan }}. Tell us why: {{ link }}"
html = "<p>Tell us <a href='{{ link }}'>why</a>, {{ name }}</p>"
list_unsubscribe = "https://example.com/stop"
"""


def mailing(postbox: Postbox, **further: str) -> dict[str, Any]:
    return {
        "routes": ROUTES + MAIL,
        "sandbox_options": SANDBOX,
        "environ": {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(postbox.port),
            "SMTP_SECURITY": "none",
            "SMTP_FROM": "Research <research@example.com>",
            "BACKOFF_BASE_SECONDS": "0.2",
            **further,
        },
    }


def wait_delivered(bridge: LocalBridge, n: int) -> None:
    """Wait until nothing is owed, and see that so many went out."""
    with bridge.redis() as redis:

        def through() -> bool:
            now = read_progress(redis, "demo")
            sent = redis.hget("bridge:{invitations}:deliveries:counters", "delivered:demo")
            return int(sent or 0) == n and now.owed == 0

        wait_until(through, 20, f"{n} are delivered")


def test_a_mail_from_the_routes_template_reaches_everybody_and_a_refused_address_is_told(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    with Postbox() as postbox:
        postbox.refused["member1@example.com"] = "550 5.1.1 no such user"
        postbox.answers = ["451 4.3.0 come again"]
        bridge = start_bridge(**mailing(postbox))
        bridge.send_cohort(sample_members(4))
        wait_delivered(bridge, 3)
        # The whole cohort once more changes nothing.
        bridge.send_cohort(sample_members(4))
        wait_delivered(bridge, 3)
        code, letters = ops(bridge, "dead-letters", "list", "--lane", "deliveries")
        links = {
            start["email"]: f"https://koji.example/interview/st_demo?rid={start['interview_id']}"
            for start in bridge.sandbox.get("koji", "starts")
        }
    assert sorted(address for address, _ in postbox.letters) == [
        f"member{n}@example.com" for n in (0, 2, 3)
    ]
    for address, letter in postbox.letters:
        text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
        assert text is not None
        assert html is not None
        assert links[address] in text.get_content().replace("=\n", "")
        assert links[address] in html.get_content()
        assert letter["List-Unsubscribe"] == "<https://example.com/stop>"
        assert letter["From"] == "Research <research@example.com>"
    assert len({letter["Message-ID"] for _, letter in postbox.letters}) == 3
    assert code == 0
    assert [(one["route"], one["reason"], one["status"]) for one in letters] == [
        ("demo", "bounced", 550)
    ]
    assert bridge.supervised is not None
    assert "@example.com" not in bridge.supervised.log("worker-koji")


def test_a_mail_whose_worker_was_killed_is_held_and_not_sent_again(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    with Postbox() as postbox:
        postbox.free.clear()
        bridge = start_bridge(**mailing(postbox, LEASE_SECONDS="2"))
        bridge.send_cohort(sample_members(1))
        assert postbox.seen.wait(20), "the text of the mail arrived"
        assert bridge.supervised is not None
        bridge.supervised.kill("worker-koji")
        postbox.free.set()
        with bridge.redis() as redis:
            dead = "bridge:{invitations}:deliveries:dead"
            wait_until(lambda: redis.zcard(dead) == 1, 30, "the mail is held")
        _, letters = ops(bridge, "dead-letters", "list")
        assert [(one["lane"], one["reason"]) for one in letters] == [("deliveries", "ambiguous")]
        # Somebody has looked: it never arrived. So it may go out again, under the same id.
        code, report = ops(bridge, "dead-letters", "replay", letters[0]["id"])
        assert (code, report["replayed"]) == (0, 1)
        wait_delivered(bridge, 1)
    assert len({letter["Message-ID"] for _, letter in postbox.letters}) == 1
    assert len(postbox.letters) == 2


def test_a_signed_webhook_is_sent_until_the_receiver_takes_it_and_then_mixpanel_is_told(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    with Receiver(SECRET, statuses=[503, 503, 429]) as receiver:
        table = f'[routes.webhook]\nurl = "{receiver.url}"\nsecret_env = "HOOK_SECRET"\n'
        bridge = start_bridge(
            routes=f'{ROUTES}deliver = "webhook"\ninvited_event = true\n{table}',
            sandbox_options=SANDBOX,
            environ={"HOOK_SECRET": SECRET, "BACKOFF_BASE_SECONDS": "0.2"},
        )
        bridge.send_cohort(sample_members(5))
        wait_delivered(bridge, 5)
        events = bridge.sandbox.get("mixpanel", "events")
        starts = bridge.sandbox.get("koji", "starts")
    assert sorted(receiver.refused) == [429, 503, 503]
    assert len({message_id for message_id, _ in receiver.taken}) == len(receiver.taken) == 5
    links = {one["data"]["email"]: one["data"]["link"] for _, one in receiver.taken}
    assert links == {
        start["email"]: f"https://koji.example/interview/st_demo?rid={start['interview_id']}"
        for start in starts
    }
    assert {one["type"] for _, one in receiver.taken} == {"koji.interview.invited"}
    invited = [one for one in events if one["event"] == "Koji Interview Invited"]
    assert sorted(one["properties"]["distinct_id"] for one in invited) == [
        f"user-{n:03}" for n in range(5)
    ]


def test_the_link_becomes_a_profile_property_in_mixpanel(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f'{ROUTES}deliver = "mixpanel"\n', sandbox_options={**SANDBOX, "link_key": "link"}
    )
    bridge.send_cohort(sample_members(4))
    wait_delivered(bridge, 4)
    for start in bridge.sandbox.get("koji", "starts"):
        profile = bridge.sandbox.get("mixpanel", f"profiles/{start['external_id']}")
        link = f"https://koji.example/interview/st_demo?rid={start['interview_id']}"
        assert profile["$properties"]["koji_interview_url"] == link


def test_starts_without_a_link_are_told_and_pause_the_route(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f'{ROUTES}deliver = "mixpanel"\nrate_limit = "120/minute"\n',
        sandbox_options={"interview_delay_seconds": 600, "rate_limit": 0},
    )
    bridge.send_cohort(sample_members(30))
    with bridge.redis() as redis:
        paused = "bridge:{invitations}:paused"
        wait_until(lambda: redis.hexists(paused, "demo"), 30, "the route is paused")
        started = read_progress(redis, "demo").started
    assert started < 30
    code, letters = ops(bridge, "dead-letters", "list", "--reason", "no_link")
    assert code == 0
    assert len(letters) >= 10
    _, status = ops(bridge, "status")
    assert "KOJI_LINK_KEYS" in status["routes"][0]["paused_reason"]
