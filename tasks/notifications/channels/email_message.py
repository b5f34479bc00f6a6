"""Build the e-mail about an ended job, with numbers and dates in the reader's format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.units import format_unit
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from gridlink.lib.text import one_line
from tasks.models import Delivery, JobFile, Notification
from tasks.storage import downloads


@dataclass(frozen=True, slots=True)
class Reader:
    """Format numbers and dates for the reader."""

    locale: str
    zone: ZoneInfo

    def number(self, value: int) -> str:
        """Format a number with the separators of the locale."""
        return str(format_decimal(value, locale=self.locale))

    def size(self, value: int) -> str:
        """Format a number of bytes, with the unit in words."""
        return str(format_unit(value, "digital-byte", length="long", locale=self.locale))

    def moment(self, value: datetime) -> str:
        """Format date, time and zone."""
        return str(format_datetime(value, "long", tzinfo=self.zone, locale=self.locale))


def build_message(
    delivery: Delivery, files: Sequence[JobFile], *, are_attached: bool
) -> EmailMultiAlternatives:
    """Build the message without attachments, with the same Message-ID in every attempt."""
    notification, user = delivery.notification, delivery.user
    reader = Reader(user.locale, ZoneInfo(user.time_zone))
    until = min((file.expires_on for file in files), default=None)
    context = {
        "title": notification.title,
        "facts": _facts(notification, reader),
        "files": [_file(notification.job, file, reader, are_attached) for file in files],
        "language": reader.locale.replace("_", "-"),
        "until": reader.moment(until) if until and not are_attached else "",
        "address": settings.PUBLIC_URL + reverse("job-detail", args=[notification.job]),
    }
    domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2]
    message = EmailMultiAlternatives(
        one_line(notification.title),
        render_to_string("tasks/job_ended.txt", context),
        settings.EMAIL_FROM,
        [user.email],
        headers={
            "Message-ID": f"<{delivery.slug}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "X-Gridlink-Event": notification.slug,
        },
    )
    message.attach_alternative(render_to_string("tasks/job_ended.html", context), "text/html")
    return message


def _facts(notification: Notification, reader: Reader) -> list[tuple[str, str]]:
    data = notification.data
    facts = [("Job", notification.job)]
    if finished := parse_datetime(data["finished_on"] or ""):
        facts.append(("Ended", reader.moment(finished)))
    rows = data["result"].get("rows")
    if isinstance(rows, int):
        facts.append(("Rows", reader.number(rows)))
    if data["error"]:
        facts.append(("Why", data["error"]["message"]))
    return facts


def _file(job: str, file: JobFile, reader: Reader, is_attached: bool) -> dict[str, Any]:
    # The reader may be signed in nowhere, so these URLs need no token; they can be revoked.
    path = downloads.signed_path(file, job, until=file.expires_on)
    return {
        "name": file.name,
        "size": reader.size(file.size),
        "rows": f"{reader.number(file.rows)} rows" if file.rows is not None else "",
        "url": "" if is_attached else settings.PUBLIC_URL + path,
    }
