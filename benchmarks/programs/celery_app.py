"""The textbook Celery app: a task a user, `autoretry_for`, `rate_limit`; sent with `.delay()`.

docs.celeryq.dev/en/stable/userguide/tasks.html: "Automatic retry for known exceptions" (five
retries, exponential backoff with jitter) and `rate_limit`, which is per worker and so divided;
userguide/optimizing.html: a prefetch multiplier of 1. The worker runs with the gevent pool
(userguide/concurrency/gevent.html). With prefork or threads some three tasks a second are left of
any `rate_limit` once many wait (github.com/celery/celery/issues/5927): each of them adds an entry
to the timer of kombu's event loop, which runs ten at a time and then sleeps for up to a second
(`Hub.fire_timers`; with no bound there, prefork keeps the limit).
"""

from __future__ import annotations

import os
from typing import Any

import requests
from celery import Celery
from koji_call import HEADERS, PER_SECOND, REDIS_URL, URL, WORKERS, cohort_when_told, start_body

app = Celery("forwarder", broker=REDIS_URL)
app.conf.worker_prefetch_multiplier = 1


@app.task(
    autoretry_for=(requests.RequestException,),
    retry_backoff=True,
    retry_kwargs={"max_retries": 5},
    rate_limit=f"{round(60 * PER_SECOND / WORKERS)}/m" if PER_SECOND else None,
    acks_late=os.environ["ACKS"] == "late",
    ignore_result=True,
)
def start_interview(person: dict[str, Any]) -> None:
    """Start one person."""
    response = requests.post(URL, json=start_body(person), headers=HEADERS, timeout=20)
    response.raise_for_status()


def main() -> None:
    """Send a task for everybody."""
    for person in cohort_when_told():
        start_interview.delay(person)
    print("sent", flush=True)


if __name__ == "__main__":
    main()
