"""unpack_result: an analysed interview becomes an event and a profile, or is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import structlog

from common.identity import id_hash
from common.messages import ResultWrite
from workers.credits import settle
from workers.identify import Respondent, identify
from workers.mixpanel_shape import make_event, make_profile

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger
    from common.messages import InterviewResult

log = structlog.get_logger(__name__)
DEFAULT_MIN_QUALITY = 3.0


@dataclass(frozen=True)
class Outcome:
    """What became of a result: counters to raise with the inbox entry, whether to wake writers.

    `respondent` may be forgotten but for what names them in Mixpanel, once the entry is done.
    """

    counters: dict[str, int]
    respondent: Respondent
    wake: bool = False


def unpack_result(config: Config, ledger: Ledger, result: InterviewResult) -> Outcome:
    """Judge a result and put it into the lane of writes; safe to repeat."""
    respondent = identify(config, ledger, result)
    ledger.result_came(result.interview_id)
    settle(ledger, respondent, result)
    route = respondent.route
    name = route.name if route else ""
    # Of a study without a route no route can tell.
    counters = {f"completed:{name}" if name else "completed_without_route": 1}
    reason = skip_reason(
        result, respondent, email_goes_to_koji=config.settings.koji_start_profile != "nested"
    )
    if reason:
        log.info("result_skipped", route=name, interview_id=result.interview_id, reason=reason)
        return Outcome({**counters, f"skipped:{reason}": 1}, respondent)
    event, left_out = make_event(result, respondent)
    write = ResultWrite(
        event=event,
        distinct_id=respondent.distinct_id,
        route=name,
        received_at_ms=result.received_at_ms,
        trace_id=result.trace_id,
    )
    new, wake = ledger.add_write(
        result.interview_id,
        write.encode(),
        person=id_hash(respondent.distinct_id),
        completed_at_ms=result.completed_at_ms,
        profile=orjson.dumps(make_profile(result, route)),
    )
    counters |= {f"left_out:{what}": n for what, n in left_out.items()}
    log.info("result_unpacked", route=name, interview_id=result.interview_id, new=new, **left_out)
    return Outcome(counters, respondent, wake)


def skip_reason(
    result: InterviewResult, respondent: Respondent, *, email_goes_to_koji: bool
) -> str:
    """Return why a result must not reach Mixpanel, empty if it may.

    Koji's guide: an anonymous study's webhook carries no address, and it is the forwarder that
    has to leave it alone. Where addresses never went to Koji, their absence says nothing.
    """
    route, quality = respondent.route, result.quality
    needs_email = route is not None and route.join_key == "email" and email_goes_to_koji
    least = route.min_quality if route else DEFAULT_MIN_QUALITY
    reasons = {
        "erased": respondent.erased,
        "anonymous": result.anonymous or (needs_email and not result.email),
        "unidentified": not respondent.distinct_id,
        "unscored": quality is None,
        "low_quality": quality is not None and quality < least,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
