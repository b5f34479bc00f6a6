"""Signed, expiring addresses of a job's files. Only the owner is ever shown one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from gridlink.lib.errors import Forbidden, Gone
from tasks.models import JobFile

_signer = Signer(salt="tasks.downloads")


def signed_path(file: JobFile, slug: str) -> str:
    """The path and query under which the file can be fetched without a token, for a while."""
    expires = str(int(timezone.now().timestamp()) + settings.DOWNLOAD_URL_SECONDS)
    query = urlencode({"expires": expires, "signature": _signature(slug, file.name, expires)})
    return f"{reverse('job-file', args=[slug, file.name])}?{query}"


def verify(slug: str, name: str, *, expires: str, signature: str) -> None:
    """Raises Forbidden unless we signed exactly this, and Gone when its time is over."""
    try:
        _signer.unsign(f"{slug}/{name}/{expires}:{signature}")
    except BadSignature as error:
        raise Forbidden("The signature of this address is not valid.") from error
    if int(expires) < timezone.now().timestamp():
        raise Gone("This address has expired; take a fresh one from the job.")


def _signature(slug: str, name: str, expires: str) -> str:
    return _signer.signature(f"{slug}/{name}/{expires}")
