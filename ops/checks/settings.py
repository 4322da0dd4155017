"""Settings that are valid and yet look wrong: samples left in, secrets of another scheme."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ops.checks import Check
from ops.output import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from common.config import Config

# What .env.example holds where something of one's own has to stand.
SAMPLES = (
    "choose-a-long-password",
    "the-signing-secret-that-koji-shows",
    "pk_live_your-key",
    "your-project-token",
)
ENOUGH_BYTES = 16
STANDARD_BYTES = 24  # github.com/standard-webhooks/standard-webhooks


def check_settings(config: Config) -> Iterator[Check]:
    """Yield a check of samples that were left in, and one of the signing secrets."""
    settings = config.settings
    values = {
        "MIXPANEL_WEBHOOK_CREDENTIALS": [
            password for _, password in settings.mixpanel_webhook_credentials
        ],
        "KOJI_WEBHOOK_SECRETS": settings.koji_webhook_secrets,
        "MIXPANEL_PROJECT_TOKEN": [settings.mixpanel_project_token],
        **{variable: [key] for variable, key in config.api_keys.items()},
    }
    left_in = [name for name, found in values.items() if set(SAMPLES) & set(found)]
    yield Check(
        "settings",
        ok=not left_in,
        detail=f"still as in .env.example: {', '.join(left_in)}"
        if left_in
        else f"read; {counted(len(config.routes), 'route')}",
    )
    yield _signature(settings.koji_signature_scheme, settings.koji_webhook_secrets)


def _signature(scheme: str, secrets: tuple[str, ...]) -> Check:
    hints = []
    if scheme == "standard":
        keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
        if any(len(key) < STANDARD_BYTES for key in keys):
            hints.append(f"a key of this scheme has at least {STANDARD_BYTES} bytes")
    else:
        if any(len(secret.encode()) < ENOUGH_BYTES for secret in secrets):
            hints.append(f"a secret under {ENOUGH_BYTES} characters can be guessed")
        if scheme != "stripe" and any(secret.startswith("whsec_") for secret in secrets):
            hints.append("whsec_ is how secrets of the schemes standard and stripe begin")
    told = f"{scheme}, {counted(len(secrets), 'secret')}"
    detail = "; ".join([told, *hints, "try it out: python -m ops send-test koji"])
    return Check("signature", ok=True, detail=detail)
