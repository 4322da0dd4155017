from __future__ import annotations

import pytest

from common.koji.slugs import question_slug, reads_like_words, slugify, unique


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("How likely are you to recommend us?", "how_likely_are_you_to_recommend_us"),
        ("¿Cuál es tu rol?", "cual_es_tu_rol"),
        ("Größe & Maß", "grosse_mass"),
        ("  --A  b--  ", "a_b"),
        ("問題", ""),
        ("x" * 61, "x" * 60),
        ("x" * 59 + " y", "x" * 59),
    ],
)
def test_a_slug_is_lower_case_ascii_with_underscores(text: str, slug: str) -> None:
    assert slugify(text) == slug


@pytest.mark.parametrize(
    "name", ["nps", "nps_score", "would-recommend", "question_3", "ease of use"]
)
def test_ids_that_read_like_words(name: str) -> None:
    assert reads_like_words(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "q1", "q_1", "1", "ux", "f8e7d6c5-b4a3-2109-8765-432109876543", "qst_Xk39aaB", "__"),
        *("507f1f77bcf86cd799439011", "a" * 61, "question_4711"),
    ],
)
def test_ids_that_do_not(name: str) -> None:
    assert not reads_like_words(name)


@pytest.mark.parametrize(
    ("question_id", "text", "slug"),
    [
        ("nps_score", "How likely?", "nps_score"),
        ("wouldRecommend", "How likely?", "would_recommend"),
        ("q1", "How likely?", "how_likely"),
        ("q1", "", "q1"),
        ("q1", "問題", "q1"),
        ("", "問題", "question_3"),
    ],
)
def test_the_id_gives_the_slug_if_it_reads_like_words_else_the_text(
    question_id: str, text: str, slug: str
) -> None:
    assert question_slug(question_id, text, 3) == slug


def test_equal_slugs_are_numbered_and_stay_short_enough() -> None:
    taken: set[str] = set()
    made = [unique("x" * 60, taken) for _ in range(11)]
    assert len(set(made)) == 11
    assert all(len(slug) <= 60 for slug in made)
    assert made[1] == "x" * 58 + "_2"


def test_a_numbered_slug_steps_aside_for_one_that_is_there() -> None:
    taken = {"a", "a_2"}
    assert unique("a", taken) == "a_3"
