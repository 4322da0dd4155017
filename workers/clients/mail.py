"""A mail server: letters are handed in one by one, over one connection as long as it lasts.

What an answer means is RFC 5321's: 2xx is done, 4xx may be tried again, 5xx is for good. Until the
end of the text nothing has happened; a connection that breaks after it leaves the outcome unknown.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email import policy
from email.utils import parseaddr
from typing import TYPE_CHECKING

from common.errors import AmbiguousError, PermanentError, StopRouteError, TransientError

if TYPE_CHECKING:
    from email.message import EmailMessage

    from common.errors import PartnerError
    from common.settings import Settings

OK = 250
# Answers that tell of our login or our address, whoever is written to (RFC 4954, RFC 5321).
ABOUT_US = frozenset({530, 534, 535, 538})


class MailServer:
    """Where mail is handed in; `connect` opens a connection for one batch."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; no connection is made yet."""
        self._settings = settings
        self.sender = settings.smtp_from or ""

    def connect(self) -> smtplib.SMTP:
        """Open a connection, behind TLS and logged in as the settings say; raises PartnerError."""
        settings = self._settings
        host, port, timeout = settings.smtp_host or "", settings.smtp_port, _timeout(settings)
        try:
            if settings.smtp_security == "implicit":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, port, timeout=timeout, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(host, port, timeout=timeout)
        except (OSError, smtplib.SMTPException) as exc:
            raise TransientError(f"no connection: {type(exc).__name__}") from exc
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password or "")
        except (OSError, smtplib.SMTPException) as exc:
            server.close()
            raise _not_let_in(exc) from exc
        return server

    def send(self, server: smtplib.SMTP, letter: EmailMessage) -> None:
        """Hand one letter in; raises a PartnerError. A transaction that failed is ended."""
        recipient = parseaddr(str(letter["To"]))[1]
        try:
            _envelope(server, parseaddr(self.sender)[1], recipient)
            _text(server, letter)
        except (TransientError, PermanentError, StopRouteError):
            with suppress(OSError, smtplib.SMTPException):
                server.rset()
            raise


def _timeout(settings: Settings) -> float:
    return settings.smtp_timeout_seconds


def _not_let_in(exc: Exception) -> PartnerError:
    """Return what a refused TLS or login means; text of the server's is not repeated."""
    code = exc.smtp_code if isinstance(exc, smtplib.SMTPResponseException) else None
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        return StopRouteError("the mail server offers no STARTTLS or no login")
    if isinstance(exc, ssl.SSLCertVerificationError):
        return StopRouteError("the mail server's certificate is not trusted")
    if code is not None and code >= 500:  # noqa: PLR2004 - RFC 5321, 4.2.1
        return StopRouteError(f"SMTP {code} to login or STARTTLS", status=code)
    return TransientError(f"no session: {type(exc).__name__}", status=code)


def _envelope(server: smtplib.SMTP, sender: str, recipient: str) -> None:
    """Say from whom and to whom."""
    try:
        options = []
        if not recipient.isascii():
            if not server.has_extn("smtputf8"):
                raise PermanentError("the mail server takes no such address", reason="bad_data")
            options = ["SMTPUTF8"]
        server.command_encoding = "utf-8" if options else "ascii"
        code, _ = server.mail(sender, options)
        if code != OK:
            # Not about the person: everybody's mail would be refused likewise.
            raise _about_us(code) if code >= 500 else _for_now(code, "sender")  # noqa: PLR2004
        code, _ = server.rcpt(recipient)
        if code not in {OK, OK + 1}:
            raise _for_good(code, "recipient") if code >= 500 else _for_now(code, "recipient")  # noqa: PLR2004
    except (OSError, smtplib.SMTPException) as exc:
        raise TransientError(f"the connection broke: {type(exc).__name__}") from exc
    except ValueError as exc:
        raise PermanentError("the address cannot be used", reason="bad_data") from exc


def _text(server: smtplib.SMTP, letter: EmailMessage) -> None:
    """Send the letter itself: what breaks from here on may have arrived."""
    utf8 = server.command_encoding == "utf-8"
    raw = letter.as_bytes(policy=policy.SMTPUTF8 if utf8 else policy.SMTP)
    try:
        code, _ = server.data(raw)
    except smtplib.SMTPDataError as exc:  # the text was not asked for
        code = exc.smtp_code
    except (OSError, smtplib.SMTPException) as exc:
        raise AmbiguousError("the connection broke after the text of the mail") from exc
    if code != OK:
        raise _for_good(code, "mail") if code >= 500 else _for_now(code, "mail")  # noqa: PLR2004


def _about_us(code: int) -> PartnerError:
    return StopRouteError(f"SMTP {code} to the sender", status=code)


def _for_now(code: int, what: str) -> PartnerError:
    return TransientError(f"SMTP {code} to the {what}", status=code)


def _for_good(code: int, what: str) -> PartnerError:
    if code in ABOUT_US:
        return _about_us(code)
    return PermanentError(f"SMTP {code} to the {what}", status=code, reason="bounced")
