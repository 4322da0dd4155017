from __future__ import annotations

import base64

import pytest
from werkzeug.datastructures import Headers

from ingress.credentials import check_basic, check_bearer
from ingress.errors import RefusedError

CREDENTIALS = (("mixpanel", "first"), ("mixpanel", "sécond:with-colon"))


def _basic(text: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize("pair", ["mixpanel:first", "mixpanel:sécond:with-colon"])
def test_each_of_the_credentials_is_accepted(pair: str) -> None:
    check_basic(Headers({"Authorization": _basic(pair)}), CREDENTIALS)


def test_the_name_of_the_scheme_has_no_case() -> None:
    value = _basic("mixpanel:first").replace("Basic", "bAsIc")
    check_basic(Headers({"Authorization": value}), CREDENTIALS)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "no_header"),
        ("", "no_header"),
        ("Basic", "bad_format"),
        ("Bearer abc", "bad_format"),
        ("Basic é", "bad_format"),
        ("Basic a", "bad_format"),
        (_basic("mixpanelfirst"), "bad_format"),
        (_basic("mixpanel:"), "mismatch"),
        (_basic(":first"), "mismatch"),
        (_basic("Mixpanel:first"), "mismatch"),
        (_basic("mixpanel:First"), "mismatch"),
        (_basic("mixpanel:first "), "mismatch"),
        (_basic("mixpanel:sécond:with-colon", "latin-1"), "mismatch"),
    ],
)
def test_anything_else_is_refused_with_its_reason(header: str | None, reason: str) -> None:
    headers = Headers({} if header is None else {"Authorization": header})
    with pytest.raises(RefusedError) as refused:
        check_basic(headers, CREDENTIALS)
    assert refused.value.reason == reason


def test_user_and_password_of_two_different_credentials_do_not_match() -> None:
    with pytest.raises(RefusedError):
        check_basic(Headers({"Authorization": _basic("a:2")}), (("a", "1"), ("b", "2")))


@pytest.mark.parametrize("token", ["one", "two"])
def test_each_of_the_tokens_is_accepted(token: str) -> None:
    check_bearer(Headers({"Authorization": f"bearer  {token}"}), ("one", "two"))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "no_header"),
        ("one", "bad_format"),
        ("Basic one", "bad_format"),
        ("Bearer", "mismatch"),
        ("Bearer One", "mismatch"),
        ("Bearer é", "mismatch"),
        ("Bearer \u20ac", "mismatch"),
    ],
)
def test_any_other_token_is_refused(header: str | None, reason: str) -> None:
    headers = Headers({} if header is None else {"Authorization": header})
    with pytest.raises(RefusedError) as refused:
        check_bearer(headers, ("one", "two"))
    assert refused.value.reason == reason
