"""make_letter: the mail of one invitation, from the route's templates."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from common.errors import PermanentError
from common.mail_templates import render

if TYPE_CHECKING:
    from workers.delivery.parcel import Parcel

DEFAULT_DOMAIN = "localhost"


def make_letter(parcel: Parcel, sender: str) -> EmailMessage:
    """Return the mail; raises PermanentError where template or address cannot be used.

    `Message-ID` and `Date` are the same for every attempt.
    """
    mail, values = parcel.route.mail, parcel.values()
    if mail is None:
        raise PermanentError("the route has no table mail any more", reason="no_template")
    try:
        subject = " ".join(render(mail.subject, values).split())
        text = render(mail.text, values)
        html = render(mail.html, values, html=True) if mail.html else ""
    except Exception as exc:
        # Whatever an expression in a template may raise; its text may quote the person.
        detail = f"the template could not be filled in: {type(exc).__name__}"
        raise PermanentError(detail, reason="template") from exc
    letter = EmailMessage()
    try:
        letter["From"] = sender
        letter["To"] = parcel.person.email
        letter["Subject"] = subject
    except (ValueError, IndexError, MessageError) as exc:
        raise PermanentError("the address cannot be used", reason="bad_data") from exc
    domain = parseaddr(sender)[1].rpartition("@")[2] or DEFAULT_DOMAIN
    letter["Message-ID"] = f"<{parcel.id}@{domain}>"
    at = datetime.fromtimestamp(parcel.delivery.started_at_ms / 1000, tz=UTC)
    letter["Date"] = format_datetime(at)
    # RFC 3834: nobody's out-of-office note needs to answer this.
    letter["Auto-Submitted"] = "auto-generated"
    if mail.reply_to:
        letter["Reply-To"] = mail.reply_to
    if mail.list_unsubscribe:
        letter["List-Unsubscribe"] = f"<{mail.list_unsubscribe}>"
    letter.set_content(text)
    if html:
        letter.add_alternative(html, subtype="html")
    return letter
