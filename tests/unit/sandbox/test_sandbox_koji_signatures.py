"""Published and recomputed vectors of the five signature schemes."""

from __future__ import annotations

import pytest

from sandbox.koji.signatures import make_key, make_signer

EVENT = b'{"event":"interview.analysis_ready"}'
HEX = "3976e06fa2e834dfdb41ab77bb2be382da9bbf2d50d81df003f2d6dce02c3fae"
TIMED_HEX = "4aa74bfef1f90a5e4d21fe0cc5209b53b50778b97674a6dca1e7962c00138690"


@pytest.mark.parametrize(
    ("scheme", "key", "delivery_id", "timestamp", "body", "expected"),
    [
        ("hmac_hex", "koji_test_secret", "x", 1, EVENT, {"X-Sig": HEX}),
        (
            "hmac_hex",
            "It's a Secret to Everybody",
            "x",
            1,
            b"Hello, World!",
            {"X-Sig": "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        ),
        (
            "hmac_base64",
            "koji_test_secret",
            "x",
            1,
            EVENT,
            {"X-Sig": "OXbgb6LoNN/bQat3uyvjgtqbvy1Q2B3wA/LW3OAsP64="},
        ),
        (
            "hmac_ts_hex",
            "whsec_test",
            "x",
            1700000000,
            EVENT,
            {"X-Sig": TIMED_HEX, "X-Time": "1700000000"},
        ),
        (
            "stripe",
            "whsec_test",
            "x",
            1700000000,
            EVENT,
            {"X-Sig": f"t=1700000000,v1={TIMED_HEX}"},
        ),
        (
            "standard",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
            {
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            },
        ),
    ],
)
def test_a_scheme_signs_as_its_vector_says(
    scheme: str, key: str, delivery_id: str, timestamp: int, body: bytes, expected: dict[str, str]
) -> None:
    signer = make_signer(scheme, key, "X-Sig", "X-Time")

    assert signer.sign(body, delivery_id=delivery_id, timestamp=timestamp) == expected


@pytest.mark.parametrize(("scheme", "key"), [("hmac_hex", ""), ("standard", "whsec_not base64!")])
def test_a_secret_that_the_scheme_cannot_use_is_refused(scheme: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"must not be empty|needs base64"):
        make_key(scheme, key)
