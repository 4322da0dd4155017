"""The textbook Celery app: a task a user, `autoretry_for`, `rate_limit`; sent with `.delay()`.

docs.celeryq.dev/en/stable/userguide/tasks.html: "Automatic retry for known exceptions" (five
retries, exponential backoff with jitter) and `rate_limit`, which is per worker and so divided.
"""

from __future__ import annotations

import os
from typing import Any

import requests
from celery import Celery
from koji_call import HEADERS, PER_SECOND, REDIS_URL, URL, WORKERS, cohort_when_told, start_body

app = Celery("forwarder", broker=REDIS_URL)


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
