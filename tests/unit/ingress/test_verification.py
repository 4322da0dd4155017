from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import Headers

from ingress.errors import RefusedError
from ingress.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from common.settings import Settings

BODY = b'{"event":"interview.analysis_ready"}'
GITHUB_BODY = b"Hello, World!"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
HEX = "3976e06fa2e834dfdb41ab77bb2be382da9bbf2d50d81df003f2d6dce02c3fae"
BASE64 = "OXbgb6LoNN/bQat3uyvjgtqbvy1Q2B3wA/LW3OAsP64="
STRIPE = "t=1700000000,v1=4aa74bfef1f90a5e4d21fe0cc5209b53b50778b97674a6dca1e7962c00138690"


def _ts_hex(secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + BODY, "sha256").hexdigest()


# scheme -> (secret, body, headers, now): the published examples, and our own recomputed
VECTORS: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "hmac_hex": ("koji_test_secret", BODY, {"X-Koji-Signature": HEX}, 0),
    "hmac_base64": ("koji_test_secret", BODY, {"X-Koji-Signature": BASE64}, 0),
    "hmac_ts_hex": (
        "koji_test_secret",
        BODY,
        {
            "X-Koji-Signature": _ts_hex("koji_test_secret", "1700000000"),
            "X-Koji-Timestamp": "1700000000",
        },
        1_700_000_000,
    ),
    "stripe": ("whsec_test", BODY, {"X-Koji-Signature": STRIPE}, 1_700_000_000),
    "standard": (STANDARD_SECRET, b'{"test": 2432232314}', STANDARD, 1_614_265_330),
}
SCHEMES = list(VECTORS)
TIMED = ["hmac_ts_hex", "stripe", "standard"]


@pytest.fixture
def check(config: Config) -> Callable[..., str | None]:
    """Return a check of a scheme's vector, changed by the arguments; the answer is the reason."""

    def run(scheme: str, **changes: Any) -> str | None:
        secret, body, headers, now = VECTORS[scheme]
        secrets = changes.get("secrets", (secret,))
        settings: Settings = replace(
            config.settings, koji_signature_scheme=scheme, koji_webhook_secrets=secrets
        )
        settings = replace(settings, **changes.get("settings", {}))
        sent = Headers(changes.get("headers", {**headers, **changes.get("set", {})}))
        try:
            verify(sent, changes.get("body", body), settings, changes.get("now", now))
        except RefusedError as exc:
            return exc.reason
        return None

    return run


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_known_vector_of_each_scheme_is_accepted(check: Any, scheme: str) -> None:
    assert check(scheme) is None


def test_the_published_example_of_github_is_accepted(check: Any) -> None:
    digest = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secrets = ("It's a Secret to Everybody",)
    headers = {"X-Hub-Signature-256": digest}
    settings = {"koji_signature_header": "X-Hub-Signature-256"}
    assert (
        check("hmac_hex", secrets=secrets, headers=headers, body=GITHUB_BODY, settings=settings)
        is None
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_of_several_secrets_may_match_and_their_order_does_not_matter(
    check: Any, scheme: str
) -> None:
    secret, other = VECTORS[scheme][0], base64.b64encode(b"o" * 24).decode()
    assert check(scheme, secrets=(other, secret)) is None
    assert check(scheme, secrets=(secret, other)) is None
    assert check(scheme, secrets=(other,)) == "mismatch"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_changed_byte_of_the_body_is_a_mismatch(check: Any, scheme: str) -> None:
    assert check(scheme, body=VECTORS[scheme][1] + b" ") == "mismatch"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_any_header_there_is_no_header(check: Any, scheme: str) -> None:
    assert check(scheme, headers={}) == "no_header"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_header_is_needed(check: Any, scheme: str) -> None:
    headers = VECTORS[scheme][2]
    for name in headers:
        rest = {key: value for key, value in headers.items() if key != name}
        assert check(scheme, headers=rest) == "no_header"
        assert check(scheme, headers={**rest, name: "  "}) == "no_header"


@pytest.mark.parametrize(
    "signature",
    ["nonsense", "é" * 64, HEX[:-1], HEX + "0", "sha1=" + HEX, "0x" + HEX[2:], "\x00", "v1=,v1="],
)
@pytest.mark.parametrize("scheme", ["hmac_hex", "hmac_base64", "hmac_ts_hex", "stripe"])
def test_what_is_no_digest_is_a_bad_format(check: Any, scheme: str, signature: str) -> None:
    assert check(scheme, set={"X-Koji-Signature": signature}) == "bad_format"


@pytest.mark.parametrize("signature", [HEX.upper(), "sha256=" + HEX, "v1=" + HEX, f"  {HEX} "])
def test_hex_comes_in_either_case_and_with_usual_prefixes(check: Any, signature: str) -> None:
    assert check("hmac_hex", set={"X-Koji-Signature": signature}) is None


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize(
    ("off", "reason"), [(300, None), (-300, None), (301, "stale"), (-301, "stale")]
)
def test_age_counts_in_both_directions(
    check: Any, scheme: str, off: int, reason: str | None
) -> None:
    assert check(scheme, now=VECTORS[scheme][3] + off) == reason


@pytest.mark.parametrize("scheme", TIMED)
def test_a_false_signature_is_a_mismatch_even_when_it_is_old(check: Any, scheme: str) -> None:
    assert check(scheme, now=0, body=b"other") == "mismatch"


@pytest.mark.parametrize("scheme", ["hmac_hex", "hmac_base64"])
def test_schemes_without_a_time_know_no_age(check: Any, scheme: str) -> None:
    assert check(scheme, now=4_000_000_000) is None


@pytest.mark.parametrize(
    "seconds",
    [
        "1700000000.0",
        "+1700000000",
        "1_700_000_000",
        "\uff11\uff17\uff10\uff10",
        "-1",
        "soon",
        "9" * 13,
    ],
)
def test_a_time_is_digits_only(check: Any, seconds: str) -> None:
    signature = _ts_hex("koji_test_secret", seconds)
    changed = {"X-Koji-Signature": signature, "X-Koji-Timestamp": seconds}
    assert check("hmac_ts_hex", set=changed) == "bad_format"
    stripe = STRIPE.replace("1700000000", seconds)
    assert check("stripe", set={"X-Koji-Signature": stripe}) == "bad_format"
    assert check("standard", set={"webhook-timestamp": seconds}) == "bad_format"


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (STRIPE + ",v0=abc,v1=" + "0" * 64, None),
        ("v1=" + "0" * 64 + ", " + STRIPE.replace(",", " , "), None),
        (STRIPE.partition(",")[2], "bad_format"),
        (STRIPE.partition(",")[0], "bad_format"),
        ("t=1," + STRIPE, "bad_format"),
    ],
)
def test_stripe_takes_any_v1_and_exactly_one_time(
    check: Any, signature: str, reason: str | None
) -> None:
    assert check("stripe", set={"X-Koji-Signature": signature}) == reason


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("v1a,xyz " + STANDARD["webhook-signature"], None),
        ("v1," + "A" * 43 + "= " + STANDARD["webhook-signature"], None),
        ("v2,abc", "bad_format"),
        ("v1,abc", "bad_format"),
    ],
)
def test_standard_takes_any_v1_of_a_list(check: Any, signature: str, reason: str | None) -> None:
    assert check("standard", set={"webhook-signature": signature}) == reason


def test_standard_accepts_the_names_of_svix(check: Any) -> None:
    headers = {key.replace("webhook", "svix"): value for key, value in STANDARD.items()}
    assert check("standard", headers=headers) is None


def test_the_secret_of_standard_may_come_without_its_prefix(check: Any) -> None:
    assert check("standard", secrets=(STANDARD_SECRET.removeprefix("whsec_"),)) is None


def test_an_id_that_is_not_ascii_is_signed_as_the_bytes_that_were_sent(check: Any) -> None:
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, b"m\xe9.1614265330." + VECTORS["standard"][1], "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    assert check("standard", set={"webhook-id": "mé", "webhook-signature": signature}) is None
