"""Writes of imports: the upload is kept, and a job for it queued."""

from __future__ import annotations

from collections.abc import Iterable

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid, Unprocessable
from grids.formats.registry import READERS
from grids.jobs import IMPORT
from tasks.errors import QuotaExceeded
from tasks.services import Submission, job_submit, upload_discard, upload_store


def import_submit(
    *,
    user: User,
    source: str,
    mode: str,
    name: str,
    chunks: Iterable[bytes],
    idempotency_key: str = "",
) -> Submission:
    """Queue the import of a file. Raises Invalid for an unknown source, StorageUnavailable, Unprocessable."""
    if source != "auto" and source not in READERS:
        known = ", ".join(["auto", *sorted(READERS)])
        raise Invalid("Unknown source.", fields={"source": [f"Choose one of: {known}."]})
    upload = upload_store(name=name[:200], content_type="application/octet-stream", chunks=chunks)
    try:
        submission = job_submit(
            user=user,
            kind=IMPORT,
            params={"source": source, "mode": mode, "name": name[:200]},
            idempotency_key=idempotency_key,
            upload=upload,
        )
    except (Unprocessable, QuotaExceeded):
        # No other error: the job may have been committed before it, and would lose its file.
        upload_discard(upload)
        raise
    if not submission.created:
        upload_discard(upload)
    return submission
