"""Names in Redis for an API key: stable, different, and silent about the key."""

from __future__ import annotations

import re

from common.partner_keys import breaker_key, key_name, limit_key

KEY = "pk_live_activation"


def test_a_key_has_one_name_on_every_machine() -> None:
    assert key_name(KEY) == "4fbab272c8736683"


def test_two_keys_have_two_names() -> None:
    assert key_name(KEY) != key_name(KEY + "x")


def test_a_name_does_not_give_the_key_away() -> None:
    assert re.fullmatch("[0-9a-f]{16}", key_name(KEY))


def test_a_breaker_and_a_limit_of_one_key_stand_apart() -> None:
    assert breaker_key("koji:abc") == "bridge:breaker:{koji:abc}"
    assert limit_key("abc") == "bridge:limit:{abc}"
