"""Where interviews are held: starts them, ends them in their time, and reports their results."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from sandbox.koji.analyses import make_analysis
from sandbox.koji.bodies import StartRequest
from sandbox.koji.interviews import Interview
from sandbox.koji.webhooks import WebhookSender
from sandbox.options import Options
from sandbox.times import to_iso

# A host that cannot exist (RFC 2606): a transcript stays in Koji, and here there is none.
_TRANSCRIPT_URL = "https://koji.example/transcripts/"


class InterviewHouse:
    """All interviews of the sandbox, by id and in the order of their start."""

    def __init__(self, options: Options, sender: WebhookSender) -> None:
        """Hold interviews as `options` say, and report them through `sender`."""
        self._options = options
        self._sender = sender
        self._random = random.Random(options.seed)
        self.interviews: dict[str, Interview] = {}
        self.analysed = 0

    def open(self, asked: StartRequest, study: str) -> Interview:
        """Start an interview that ends by itself, unless interviews are held by hand."""
        now = time.time()
        interview = Interview(len(self.interviews) + 1, study, asked, now)
        self.interviews[interview.interview_id] = interview
        if self._options.auto_interview:
            shortest = self._options.interview_delay_seconds
            longest = max(shortest, self._options.interview_delay_max_seconds)
            lasts = self._random.uniform(shortest, longest)
            interview.ends_at = now + lasts
            loop = asyncio.get_running_loop()
            interview.timer = loop.call_later(lasts, self.complete, interview)
        return interview

    def complete(self, interview: Interview, overrides: Mapping[str, Any] | None = None) -> bool:
        """End an interview and send its result; False, and nothing is done, if it ended before.

        Completing twice does not analyse twice
        (https://www.koji.so/docs/completing-interviews-via-api).
        """
        if interview.analysis is not None:
            return False
        if interview.timer is not None:
            interview.timer.cancel()
            interview.timer = None
        options = self._options
        interview.analysed_at = time.time()
        interview.overrides = overrides or {}
        interview.analysis = make_analysis(
            options.seed,
            interview.number,
            interview.asked.mode,
            options.anonymous_share,
            options.theme_shape,
        ) | {
            "transcript_url": _TRANSCRIPT_URL + interview.interview_id,
            "completed_at": to_iso(interview.analysed_at),
        }
        self.analysed += 1
        self._sender.send(interview)
        return True

    def clear(self) -> None:
        """Forget all interviews, also those that are still held."""
        for interview in self.interviews.values():
            if interview.timer is not None:
                interview.timer.cancel()
        self.interviews.clear()
        self.analysed = 0
        self._random = random.Random(self._options.seed)
