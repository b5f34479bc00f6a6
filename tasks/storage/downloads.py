"""Sign and verify expiring, revocable URLs of files, and log their downloads."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from gridlink.lib.errors import Forbidden, Gone
from tasks.models import Download, JobFile

logger = logging.getLogger(__name__)

# URLs of the object store cannot be revoked, so each is for one logged request and expires after this.
STORE_ADDRESS_SECONDS = 300
_CHUNK = 256 * 1024
REFUSED = "The signature of this address is not valid, or was revoked."


def signed_path(file: JobFile, slug: str, *, until: datetime | None = None) -> str:
    """Return a path that opens the file without a token, `until` then or DOWNLOAD_URL_SECONDS."""
    until = until or timezone.now() + timedelta(seconds=settings.DOWNLOAD_URL_SECONDS)
    expires = str(int(until.timestamp()))
    signature = _signer().signature(_signed(slug, file.name, file.generation, expires))
    query = urlencode({"expires": expires, "signature": signature})
    return f"{reverse('job-file', args=[slug, file.name])}?{query}"


def verify(slug: str, name: str, generation: int, *, expires: str, signature: str) -> None:
    """Check a signed URL. Raises Forbidden for a bad or revoked signature, Gone once expired."""
    try:
        _signer().unsign(f"{_signed(slug, name, generation, expires)}:{signature}")
    except BadSignature as error:
        raise Forbidden(REFUSED) from error
    if int(expires) < timezone.now().timestamp():
        raise Gone("This address has expired; take a fresh one from the job.")


def log_download(*, file: JobFile, token: str, first_byte: int) -> Download:
    """Log a fetch from `first_byte` on; only one from byte 0 counts as a download."""
    with transaction.atomic():
        if first_byte == 0:
            JobFile.objects.filter(pk=file.pk).update(
                downloads=F("downloads") + 1, last_downloaded_on=Now()
            )
        return Download.objects.create(
            file=file,
            token=token,
            first_byte=first_byte,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        )


def stream_logged(source: BinaryIO, download: Download) -> Iterator[bytes]:
    """Yield `source` in chunks, and log how much was sent, also if the client leaves."""
    sent = 0
    try:
        with source:
            while chunk := source.read(_CHUNK):
                yield chunk
                sent += len(chunk)
    finally:
        _log_sent(download, sent)


def _log_sent(download: Download, sent: int) -> None:
    try:
        Download.objects.filter(pk=download.pk).update(bytes_sent=sent)
    except (DatabaseError, InterfaceError) as error:
        # The file has been sent; its log entry stays without a length.
        logger.warning("download_unfinished_in_log", extra={"error": repr(error)})


def _signer() -> Signer:
    # With the keys of now: SECRET_KEY signs, SECRET_KEY_FALLBACKS still verify.
    return Signer(salt="tasks.downloads")


def _signed(slug: str, name: str, generation: int, expires: str) -> str:
    return f"{slug}/{name}/{generation}/{expires}"
