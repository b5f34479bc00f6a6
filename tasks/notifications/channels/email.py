"""Deliver notifications by e-mail, through the operator's mail server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.mime.application import MIMEApplication
from functools import partial
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from socket import SHUT_RDWR
from threading import Timer

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from gridlink.accounts import throttle
from gridlink.lib.errors import Throttled
from tasks.models import Channel, Delivery, FileRole, JobFile
from tasks.notifications import outbox
from tasks.notifications.channels.base import Send, Sender
from tasks.notifications.channels.email_message import build_message
from tasks.notifications.outbox import Result, Undeliverable, Verdict, attempt_timeout
from tasks.storage import StorageError, object_store


class EmailSender(Sender):
    """Send one message to the user's current address."""

    channel = Channel.EMAIL
    # No more threads than these wait for a mail server that hangs.
    at_once = 4

    def prepare(self, delivery: Delivery) -> Send:
        """Prepare the message with the files that have not expired."""
        if not settings.EMAIL_SERVER:
            raise Undeliverable(Result(Verdict.REJECTED, error="E-mail is off on this server."))
        if not (delivery.user.email and delivery.user.is_active):
            raise Undeliverable(
                Result(Verdict.REJECTED, error="The account has no e-mail address.")
            )
        _check_limit(delivery)
        files = _files(delivery)
        size = sum(file.size for file in files)
        are_attached = delivery.attach and size <= settings.EMAIL_ATTACH_BYTES
        message = build_message(delivery, files, are_attached=are_attached)
        return partial(_send, message, files if are_attached else [])

    def settle(self, delivery: Delivery, result: Result, milliseconds: int) -> None:
        """Record the result; nothing else follows from it."""
        outbox.record(delivery, result, milliseconds)


def _check_limit(delivery: Delivery) -> None:
    """Limit the e-mails of an account, so that none writes to thousands. Raises Undeliverable."""
    try:
        throttle.take("e-mail", delivery.user.slug, settings.EMAILS_PER_ACCOUNT)
    except Throttled as error:
        busy = Result(
            Verdict.RETRY, error="The account was sent too many e-mails lately; this one waits."
        )
        raise Undeliverable(busy) from error


def _files(delivery: Delivery) -> list[JobFile]:
    files = JobFile.objects.filter(
        job__slug=delivery.notification.job,
        role=FileRole.OUTPUT,
        deleted_on=None,
        expires_on__gt=timezone.now(),
    )
    return list(files.order_by("id"))


def _send(message: EmailMultiAlternatives, files: Sequence[JobFile]) -> Result:
    try:
        for file in files:
            with object_store().open(file.storage_key) as stream:
                message.attach(_part(file, stream.read()))
        backend = EmailBackend(**settings.EMAIL_SERVER, timeout=settings.DELIVERY_SECONDS)
        message.connection = backend
        with _limited(backend):
            message.send()
    except (SMTPException, StorageError, OSError) as error:
        return _failure(error)
    return Result(Verdict.DELIVERED)


@contextmanager
def _limited(backend: EmailBackend) -> Iterator[None]:
    """Close the connection when the whole attempt takes too long.

    The time-out is for each answer alone, and after the lease another worker would send the message too.
    """
    timer = Timer(attempt_timeout().total_seconds(), _break_off, [backend])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _break_off(backend: EmailBackend) -> None:
    line = getattr(backend.connection, "sock", None)
    if line is not None:
        with suppress(OSError):
            line.shutdown(SHUT_RDWR)


def _part(file: JobFile, data: bytes) -> MIMEApplication:
    """Attach the file as bytes: mail servers may change the line ends of text."""
    part = MIMEApplication(data)
    part.replace_header("Content-Type", file.content_type)
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _failure(error: Exception) -> Result:
    """Turn an error into a result.

    Only a refusal of the recipient or of this very message is final: one of the sender or the password is a
    wrong setting, which the operator will correct.
    """
    if isinstance(error, SMTPRecipientsRefused):
        ((code, text),) = error.recipients.values()
        return _refusal(code, text, is_final=code >= 500)
    if isinstance(error, SMTPResponseException):
        is_final = isinstance(error, SMTPDataError) and error.smtp_code >= 500
        return _refusal(error.smtp_code, error.smtp_error, is_final=is_final)
    if isinstance(error, StorageError):
        return Result(Verdict.RETRY, error="The files cannot be read just now.")
    if isinstance(error, SMTPException):
        return Result(Verdict.RETRY, error="The mail server did not take the message.")
    return Result(Verdict.RETRY, error="The mail server cannot be reached.")


def _refusal(code: int, text: bytes | str, *, is_final: bool) -> Result:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    verdict = Verdict.REJECTED if is_final else Verdict.RETRY
    # smtplib has a code of -1 for a connection that ended.
    return Result(verdict, max(code, 0) or None, said, "The mail server refused the message.")
