"""E-mail, through the operator's mail server."""

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
from tasks.notifications.channels.email_message import letter
from tasks.notifications.outbox import Result, Undeliverable, Verdict, attempt_timeout
from tasks.storage import StorageError, object_store


class EmailSender(Sender):
    """One message to the user's address as it is when it is sent."""

    channel = Channel.EMAIL
    # A mail server that hangs takes no more threads than these.
    at_once = 4

    def prepare(self, delivery: Delivery) -> Send:
        """With the files as they are now: what has expired meanwhile is left out."""
        if not settings.EMAIL_SERVER:
            raise Undeliverable(Result(Verdict.REJECTED, error="E-mail is off on this server."))
        if not (delivery.user.email and delivery.user.is_active):
            raise Undeliverable(
                Result(Verdict.REJECTED, error="The account has no e-mail address.")
            )
        _take_turn(delivery)
        files = _files(delivery)
        size = sum(file.size for file in files)
        are_attached = delivery.attach and size <= settings.EMAIL_ATTACH_BYTES
        message = letter(delivery, files, are_attached=are_attached)
        return partial(_send, message, files if are_attached else [])

    def settle(self, delivery: Delivery, answer: Result, milliseconds: int) -> None:
        """Nothing follows from it."""
        outbox.record(delivery, answer, milliseconds)


def _take_turn(delivery: Delivery) -> None:
    """So that nobody can have strangers written to by the thousand. Raises Undeliverable."""
    try:
        throttle.take("e-mail", delivery.user.slug, settings.EMAILS_PER_ACCOUNT)
    except Throttled as error:
        busy = Result(Verdict.RETRY, error="The account has been sent too many e-mails of late.")
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
        return _trouble(error)
    return Result(Verdict.DELIVERED)


@contextmanager
def _limited(backend: EmailBackend) -> Iterator[None]:
    """Break the connection off when all of it takes too long: the time-out is of each answer alone, and
    what is sent after its lease has ended is sent by another as well."""
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
    """The file byte by byte: of text a mail server may change the ends of lines, and so the checksum."""
    part = MIMEApplication(data)
    part.replace_header("Content-Type", file.content_type)
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _trouble(error: Exception) -> Result:
    """Only what is said of the recipient or of this very message is final: a server that refuses the sender
    or the password is set up wrongly, and will be set right."""
    if isinstance(error, SMTPRecipientsRefused):
        ((code, text),) = error.recipients.values()
        return _said(code, text, is_final=code >= 500)
    if isinstance(error, SMTPResponseException):
        is_final = isinstance(error, SMTPDataError) and error.smtp_code >= 500
        return _said(error.smtp_code, error.smtp_error, is_final=is_final)
    if isinstance(error, StorageError):
        return Result(Verdict.RETRY, error="The files cannot be read just now.")
    if isinstance(error, SMTPException):
        return Result(Verdict.RETRY, error="The mail server did not take the message.")
    return Result(Verdict.RETRY, error="The mail server cannot be reached.")


def _said(code: int, text: bytes | str, *, is_final: bool) -> Result:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    verdict = Verdict.REJECTED if is_final else Verdict.RETRY
    # smtplib has a code of -1 for a connection that ended.
    return Result(verdict, max(code, 0) or None, said, "The mail server refused the message.")
