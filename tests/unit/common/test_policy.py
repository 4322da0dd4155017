"""Policy: who is excluded, and who is in a sample, whatever order people come in."""

from __future__ import annotations

import pytest

from common.identity import email_hash
from common.policy import lot, read_exclusions, refusal
from common.routes import Route

WORDS = ("ann@example.com", "@example.org", "corp.example", "u-7")


def route(**keys: object) -> Route:
    return Route(name="r", study_id="st", **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("email", "distinct_id", "excluded"),
    [
        (" ANN@Example.com", "u-1", True),
        ("bob@example.com", "u-1", False),
        ("bob@EXAMPLE.org", "u-1", True),
        ("bob@mail.example.org", "u-1", False),
        ("bob@corp.example", "u-1", True),
        ("bob@example.com", "u-7", True),
        ("bob@example.com", "U-7", False),
        ("bob@example.com", "ann@example.com", True),
        ("", "", False),
    ],
)
def test_somebody_is_excluded_by_address_domain_or_id(
    email: str, distinct_id: str, *, excluded: bool
) -> None:
    assert read_exclusions(WORDS).name(email, distinct_id) is excluded
    if email:
        expected = "excluded" if excluded else ""
        assert refusal(route(exclude=WORDS), email, distinct_id) == expected


@pytest.mark.parametrize("word", ["@", "@a b", "anonymous", " ", "0"])
def test_a_word_that_names_nobody_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"is not a domain|neither an address"):
        read_exclusions((word,))


@pytest.mark.parametrize(
    ("join_key", "email", "distinct_id", "expected"),
    [
        ("email", "", "u-1", "no_email"),
        ("email", "no address", "", "unidentified"),
        ("respondent_id", "a@example.com", "", "no_distinct_id"),
        ("respondent_id", "", "anonymous", "unidentified"),
        ("respondent_id", "", "u-1", ""),
        ("email", "a@example.com", "", ""),
    ],
)
def test_who_cannot_be_named_is_refused_before_any_other_policy(
    join_key: str, email: str, distinct_id: str, expected: str
) -> None:
    kept = route(join_key=join_key, exclude=("none.example",), sample=1)
    assert refusal(kept, email, distinct_id) == expected


def test_a_share_is_about_that_share_and_a_larger_one_keeps_everybody() -> None:
    people = [f"person{n}@example.com" for n in range(4000)]
    chosen = {
        share: {p for p in people if not refusal(route(sample=share), p, "")}
        for share in (0, 0.1, 0.5, 1)
    }
    assert chosen[0] == set()
    assert chosen[1] == set(people)
    assert 300 < len(chosen[0.1]) < 500
    assert 1850 < len(chosen[0.5]) < 2150
    assert chosen[0.1] < chosen[0.5]


def test_a_person_falls_the_same_way_in_any_spelling_but_not_in_every_study() -> None:
    spellings = ["Ann@Example.com", " ann@example.com "]
    assert len({refusal(route(sample=0.5), one, f"u-{one}") for one in spellings}) == 1
    person = email_hash("ann@example.com")
    assert lot("st_one", person) != lot("st_two", person)
    assert refusal(route(sample=0.5), "ann@example.com", "") == refusal(
        route(sample=0.5), "ann@example.com", "u-1"
    )
