"""Makes up the analysis of an interview: the same seed and number give the same result.

What an analysis holds: Koji's Mixpanel guide; the scores:
https://www.koji.so/docs/understanding-quality-scores; the six types of question:
https://www.koji.so/docs/mcp-tool-reference.
"""

import random
from typing import Any

_THEMES = (
    "Unclear pricing",
    "Setup takes too long",
    "Missing integrations",
    "Slow dashboards",
    "Great support",
    "Hard to invite the team",
    "Confusing navigation",
    "Loves the reports",
    "Needs a mobile app",
    "Import of old data failed",
    "Onboarding emails ignored",
    "Waiting for budget",
)
_SENTIMENTS = ("positive", "neutral", "negative", "mixed")
_QUALITIES = (1, 2, 3, 4, 5)
_QUALITY_WEIGHTS = (4, 8, 24, 38, 26)
_QUOTES = (
    "I did not understand what the next step was, so I closed the tab.",
    "It worked, but I had to ask a colleague for the API key.",
    "The first report was what convinced my manager.",
    "Honestly, I forgot that I had signed up.",
)
_RETURN_SHARE = 0.6
_BLOCKERS = ("Price", "Time", "Missing feature", "Did not see the value")
_USES = ("Reporting", "Research", "Onboarding", "Support", "Sales")


def make_analysis(
    seed: str, number: int, mode: str, anonymous_share: float, theme_shape: str
) -> dict[str, Any]:
    """Return the analysis of interview `number`, without the times and the identity."""
    draw = random.Random(f"{seed}:{number}")
    names = draw.sample(_THEMES, draw.randint(1, 4))
    weights = sorted((round(draw.uniform(0.5, 0.99), 2) for _ in names), reverse=True)
    themes: list[Any] = list(names)
    if theme_shape == "objects":
        themes = [
            {"name": name, "confidence": weight}
            for name, weight in zip(names, weights, strict=True)
        ]
    return {
        "themes": themes,
        "sentiment": draw.choice(_SENTIMENTS),
        "quality_score": draw.choices(_QUALITIES, _QUALITY_WEIGHTS)[0],
        "mode": mode,
        "structured_answers": _make_answers(draw),
        "anonymous": draw.random() < anonymous_share,
    }


def _make_answers(draw: random.Random) -> list[dict[str, Any]]:
    answers: tuple[tuple[str, str, str, Any], ...] = (
        (
            "what_stopped_you",
            "What stopped you from finishing the setup?",
            "open_ended",
            draw.choice(_QUOTES),
        ),
        (
            "likely_to_recommend",
            "How likely are you to recommend us?",
            "scale",
            draw.randint(0, 10),
        ),
        ("main_blocker", "What is the main blocker?", "single_choice", draw.choice(_BLOCKERS)),
        (
            "used_for",
            "What do you use it for?",
            "multiple_choice",
            draw.sample(_USES, draw.randint(1, 3)),
        ),
        (
            "importance",
            "Rank these by importance.",
            "ranking",
            draw.sample(_BLOCKERS, len(_BLOCKERS)),
        ),
        ("would_return", "Would you try again?", "yes_no", draw.random() < _RETURN_SHARE),
    )
    return [
        {"question_id": question_id, "question": question, "type": kind, "value": value}
        for question_id, question, kind, value in answers
    ]
