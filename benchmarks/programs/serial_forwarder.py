"""The forwarder that Koji's guide to Mixpanel sketches: a loop over the cohort, one call each."""

from __future__ import annotations

import time

import requests
from koji_call import HEADERS, URL, cohort_when_told, start_body


def main() -> None:
    """Start everybody; a 429 is waited out until the reset it names (koji.so/docs)."""
    for person in cohort_when_told():
        while True:
            response = requests.post(URL, json=start_body(person), headers=HEADERS, timeout=20)
            if response.status_code != 429:
                break
            time.sleep(max(1, float(response.headers["X-RateLimit-Reset"]) - time.time()))
        response.raise_for_status()
    print("sent", flush=True)


if __name__ == "__main__":
    main()
