"""Who is the same person: spellings of one address, usable ids, and their hashes."""

from __future__ import annotations

import re

import pytest

from common.identity import (
    FORBIDDEN_IDS,
    email_hash,
    id_hash,
    normal_email,
    study_hash,
    usable_id,
)


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  ANN@Example.COM\n", "ann@example.com"),
        ("Ju\u0308rgen@example.com", "jürgen@example.com"),
        ("JÜRGEN@example.com", "jürgen@example.com"),
        ("Strauß@example.com", "strauß@example.com"),
        ("ann+tag@example.com", "ann+tag@example.com"),
        ("a.n.n@example.com", "a.n.n@example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
    ],
)
def test_spellings_of_one_address_have_one_form(email: str, expected: str) -> None:
    assert normal_email(email) == expected


@pytest.mark.parametrize(
    "email", [None, "", "  ", "ann", "@example.com", "ann@", "an n@example.com", "a@b\u00a0c"]
)
def test_what_is_no_address_is_empty(email: str | None) -> None:
    assert normal_email(email) == ""
    assert email_hash(email) == ""


@pytest.mark.parametrize("distinct_id", ["u-1", "U-1", "ann@Example.com", "1", "00", "falsehood"])
def test_an_id_is_kept_byte_for_byte(distinct_id: str) -> None:
    assert usable_id(f" {distinct_id} ") == distinct_id


@pytest.mark.parametrize("distinct_id", sorted(FORBIDDEN_IDS))
def test_what_mixpanel_refuses_as_an_id_names_nobody(distinct_id: str) -> None:
    assert usable_id(distinct_id) == usable_id(f" {distinct_id.upper()} ") == ""
    assert id_hash(distinct_id) == ""


def test_no_id_names_nobody() -> None:
    assert usable_id(None) == id_hash(None) == ""


def test_one_address_has_one_hash() -> None:
    assert email_hash(" ANN@example.com ") == email_hash("ann@example.com")


def test_two_ids_that_differ_in_case_are_two_people() -> None:
    assert id_hash("u-1") != id_hash("U-1")


def test_an_id_that_reads_like_an_address_is_not_that_address() -> None:
    assert id_hash("ann@example.com") != email_hash("ann@example.com")


def test_a_hash_is_short_and_stable_since_the_ledger_keeps_it() -> None:
    found = [email_hash("ann@example.com"), id_hash("u-1"), study_hash("st_activation")]
    assert found == ["_of6RohjAFT", "3qLuKoencfY", "FDIY0oKT"]


@pytest.mark.parametrize(("hash_of", "chars"), [(email_hash, 11), (id_hash, 11), (study_hash, 8)])
def test_a_hash_holds_no_dot_so_that_a_key_can_be_split(hash_of: object, chars: int) -> None:
    assert callable(hash_of)
    found = {hash_of(f"somebody-{n}@example.com") for n in range(200)}
    assert len(found) == 200
    assert all(re.fullmatch(f"[A-Za-z0-9_-]{{{chars}}}", one) for one in found)


def test_half_a_character_can_be_hashed_too() -> None:
    assert len(id_hash("u-\ud800")) == 11
