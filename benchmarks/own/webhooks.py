"""Koji's webhooks as bytes on the wire, each another interview, signed."""

from __future__ import annotations

import hashlib
import hmac

import orjson

PATH = "/webhooks/koji"


def body(number: int, interview_id: str) -> bytes:
    """Return the result of an interview with a member of the cohort."""
    return orjson.dumps(
        {
            "id": f"evt_{interview_id}",
            "event": "interview.analysis_ready",
            "timestamp": "2026-01-05T10:00:00Z",
            "data": {
                "interview_id": interview_id,
                "study_id": "st_demo",
                "respondent_email": f"member{number}@example.com",
                "respondent_id": f"user-{number:06}",
                "themes": ["Unclear pricing", "Setup takes too long"],
                "sentiment": "mixed",
                "quality_score": 4,
                "mode": "text",
                "structured_answers": [
                    {"question_id": "nps", "question": "How likely?", "type": "scale", "value": 8}
                ],
                "anonymous": False,
                "transcript_url": f"https://koji.example/transcripts/{interview_id}",
                "completed_at": "2026-01-05T09:59:58Z",
            },
        }
    )


def request(number: int, secret: str, interview_id: str) -> bytes:
    """Return a whole HTTP request."""
    content = body(number, interview_id)
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"X-Koji-Signature: {signature}\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content
