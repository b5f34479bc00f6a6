"""Queue imports of uploaded files, and jobs that undo them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Invalid, NotFound, Unprocessable
from grids.formats.base import FormatError
from grids.formats.csv.reader import CsvReader
from grids.formats.registry import JOB_FORMATS, sources
from grids.imports.runner import IMPORT, UNDO
from grids.models import ImportRun, Visibility
from tasks.jobs.errors import QuotaExceeded
from tasks.jobs.services import Submission, job_submit, upload_discard, upload_store
from tasks.models import FileRole, Job, JobStatus

AUTO = "auto"


def import_submit(
    *,
    user: User,
    source: str,
    mode: str,
    name: str,
    chunks: Iterable[bytes],
    columns: Mapping[str, str] | None = None,
    visibility: str = Visibility.PRIVATE,
    idempotency_key: str = "",
) -> Submission:
    """Queue the import of a file.

    `columns` names the columns of a table by field, `visibility` is that of the grids it makes. Raises
    Invalid for an unknown source or field, or a visibility where the file says it itself, StorageUnavailable,
    Unprocessable, QuotaExceeded.
    """
    _check(source, columns)
    params: dict[str, Any] = {"source": source, "mode": mode, "name": name[:200]}
    if columns:
        params["columns"] = dict(columns)
    pieces = iter(chunks)
    head = next(pieces, b"")
    kind = _kind(source, head)
    if visibility != Visibility.PRIVATE:
        _check_visibility(kind)
        params["visibility"] = visibility
    upload = upload_store(
        name=name[:200],
        content_type="application/octet-stream",
        chunks=chain([head], pieces),
    )
    try:
        submission = job_submit(
            user=user,
            kind=kind,
            params=params,
            idempotency_key=idempotency_key,
            upload=upload,
        )
    except (Unprocessable, QuotaExceeded):
        # Only for these: after others the job may be committed, and would lose its file.
        upload_discard(upload)
        raise
    if not submission.created:
        upload_discard(upload)
    return submission


def import_apply(*, job: Job, idempotency_key: str = "") -> Submission:
    """Queue the import of the upload that a dry run has read.

    Raises NotFound for a job that is no import, Conflict for one that is no finished dry run or whose upload
    has expired, QuotaExceeded.
    """
    _check_kind(job, {IMPORT, *(whole.job_kind for whole in JOB_FORMATS.values())})
    if job.params["mode"] != "dry_run":
        raise Conflict("The import is no dry run: it was applied itself.")
    if job.status not in (JobStatus.SUCCEEDED, JobStatus.EXPIRED):
        raise Conflict(f"The dry run is {job.status}; only one that has succeeded can be applied.")
    if not job.files.filter(role=FileRole.INPUT, deleted_on__isnull=True).exists():
        raise Conflict("The upload has expired; send the file again.")
    return job_submit(
        user=job.user,
        kind=job.kind,
        params={**job.params, "mode": "apply", "upload_of": job.slug},
        idempotency_key=idempotency_key,
    )


def import_undo(*, job: Job, idempotency_key: str = "") -> Submission:
    """Queue a job that undoes an import.

    Raises NotFound for a job that is no import, Conflict for one that has changed nothing, QuotaExceeded.
    """
    _check_kind(job, {IMPORT})
    if not ImportRun.objects.filter(job=job).exists():
        raise Conflict("There is nothing to undo: only an import that was applied can be undone.")
    return job_submit(
        user=job.user, kind=UNDO, params={"import": job.slug}, idempotency_key=idempotency_key
    )


def _check(source: str, columns: Mapping[str, str] | None) -> None:
    if source != AUTO and source not in sources():
        known = ", ".join([AUTO, *sources()])
        raise Invalid("Unknown source.", fields={"source": [f"Choose one of: {known}."]})
    if not columns:
        return
    if source not in (AUTO, CsvReader.source):
        message = f"Only the source {CsvReader.source} has columns to name."
        raise Invalid(message, fields={"columns": [message]})
    try:
        CsvReader(columns)
    except FormatError as error:
        raise Invalid(str(error), fields={"columns": [str(error)]}) from error


def _check_visibility(kind: str) -> None:
    if kind != IMPORT:
        message = "The file says itself who sees its grids."
        raise Invalid(message, fields={"visibility": [message]})


def _kind(source: str, head: bytes) -> str:
    """Return the kind of job that imports a file with this beginning."""
    for name, whole in JOB_FORMATS.items():
        if source == name or (source == AUTO and whole.sniff(head)):
            return whole.job_kind
    return IMPORT


def _check_kind(job: Job, kinds: set[str]) -> None:
    if job.kind not in kinds:
        raise NotFound("There is no such import.")
