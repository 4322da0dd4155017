"""What every Python program here shares: where Koji is, what is sent, how a cohort is read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

URL = os.environ["KOJI_URL"] + "/api/v1/interviews/start"
HEADERS = {"Authorization": "Bearer " + os.environ["KOJI_KEY"]}
REDIS_URL = os.environ["REDIS_URL"]
PER_SECOND = float(os.environ["PER_SECOND"])  # 0 = no limit
WORKERS = int(os.environ["WORKERS"])


def start_body(person: dict[str, Any]) -> dict[str, Any]:
    """Return the start request of a cohort member, in the flat form of Koji's Mixpanel guide."""
    return {
        "study_id": "st_demo",
        "respondent_email": person["email"],
        "respondent_id": person["mixpanel_distinct_id"],
        "respondent_name": f"{person['first_name']} {person['last_name']}",
        "metadata": {"plan": person["plan"], "$city": person["$city"]},
    }


def cohort_when_told() -> list[dict[str, Any]]:
    """Read the cohort, say that all is ready, and return it when a line comes in."""
    people: list[dict[str, Any]] = json.loads(Path(os.environ["PEOPLE"]).read_text("utf-8"))
    print("ready", flush=True)
    sys.stdin.readline()
    return people
