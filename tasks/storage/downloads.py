"""Signed, expiring, revocable addresses of a job's files, and the log of who fetched them.

Only the owner is ever shown an address.
"""

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

# An address of the object store's own cannot be revoked: it is given out for a request that we have counted
# and works no longer than this.
STORE_ADDRESS_SECONDS = 300
_CHUNK = 256 * 1024
_signer = Signer(salt="tasks.downloads")


def signed_path(file: JobFile, slug: str, *, until: datetime | None = None) -> str:
    """The path and query under which the file can be fetched without a token: `until` then, or for
    DOWNLOAD_URL_SECONDS."""
    until = until or timezone.now() + timedelta(seconds=settings.DOWNLOAD_URL_SECONDS)
    expires = str(int(until.timestamp()))
    signature = _signer.signature(_signed(slug, file.name, file.generation, expires))
    query = urlencode({"expires": expires, "signature": signature})
    return f"{reverse('job-file', args=[slug, file.name])}?{query}"


def verify(slug: str, name: str, generation: int, *, expires: str, signature: str) -> None:
    """Raises Forbidden unless we signed exactly this and it is not revoked, Gone when its time is over."""
    try:
        _signer.unsign(f"{_signed(slug, name, generation, expires)}:{signature}")
    except BadSignature as error:
        message = "The signature of this address is not valid, or was revoked."
        raise Forbidden(message) from error
    if int(expires) < timezone.now().timestamp():
        raise Gone("This address has expired; take a fresh one from the job.")


def log_download(*, file: JobFile, token: str, first_byte: int) -> Download:
    """Note that a file is being fetched, from `first_byte` on, with the token of that slug or without one.

    What begins at the first byte counts as a download; anything else resumes one, or is a further part of
    it, and is only noted.
    """
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


def sent(source: BinaryIO, download: Download) -> Iterator[bytes]:
    """What is left of `source` in pieces; in the end, or when the client has gone, how much was taken."""
    taken = 0
    try:
        with source:
            while chunk := source.read(_CHUNK):
                yield chunk
                taken += len(chunk)
    finally:
        _note_sent(download, taken)


def _note_sent(download: Download, taken: int) -> None:
    try:
        Download.objects.filter(pk=download.pk).update(bytes_sent=taken)
    except (DatabaseError, InterfaceError) as error:
        # The file is with its reader; the log says that nobody knows how much of it.
        logger.warning("download_unfinished_in_log", extra={"error": repr(error)})


def _signed(slug: str, name: str, generation: int, expires: str) -> str:
    return f"{slug}/{name}/{generation}/{expires}"
