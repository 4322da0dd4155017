"""What deliveries need beside their route: a mail server, and webhook addresses behind TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from common.setting_fields import is_base64, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from common.route import Route


def webhook_secrets(
    routes: Iterable[Route], value_of: Callable[[str], str | None], problems: list[str]
) -> dict[str, str]:
    """Return the signing secret of each variable that a route names; adds what is wrong."""
    secrets = {}
    for route in routes:
        if route.deliver != "webhook" or route.webhook is None:
            continue
        name = route.webhook.secret_env
        secret = value_of(name)
        if secret is None:
            problems.append(
                f"{name}: not set, but route {route.name} signs its webhooks with it "
                "(whsec_ and base64, as the receiver shows it)."
            )
        elif not is_base64(secret):
            problems.append(f"{name}: must be whsec_ and base64, as Standard Webhooks has it.")
        else:
            secrets[name] = secret
    return secrets


def delivery_problems(routes: Iterable[Route], loaded: Mapping[str, Any]) -> list[str]:
    """Say which settings the routes' deliveries need and do not find."""
    problems = []
    insecure = bool(loaded.get("allow_insecure_partners"))
    for route in routes:
        url = route.webhook.url if route.webhook else ""
        if urlsplit(url).scheme == "http" and not is_loopback(url) and not insecure:
            problems.append(
                f"route {route.name}: webhook.url must be https:// (plain http: loopback, or "
                "ALLOW_INSECURE_PARTNERS=1)."
            )
        if route.deliver == "smtp":
            problems += [
                f'{name.upper()}: not set, but route {route.name} has deliver = "smtp".'
                for name in ("smtp_host", "smtp_from")
                if not loaded.get(name)
            ]
    host = loaded.get("smtp_host")
    plain = loaded.get("smtp_security") == "none"
    if host and plain and not insecure and not is_loopback(f"smtp://{host}"):
        problems.append(
            "SMTP_SECURITY: none is for loopback only (or ALLOW_INSECURE_PARTNERS=1); use starttls."
        )
    if bool(loaded.get("smtp_user")) != bool(loaded.get("smtp_password")):
        problems.append("SMTP_USER and SMTP_PASSWORD: set both or neither.")
    return problems
