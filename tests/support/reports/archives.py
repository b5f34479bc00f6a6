"""Archives from request to bytes and back into an account, inside the test's own process."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.db import connection

from gridlink.accounts.models import User
from reports.exports.archive.runner import RESTORE
from reports.exports.services import export_params
from tasks.jobs.services import Submission, job_submit, upload_store
from tasks.models import Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import execute, user_of

Files = dict[str, bytes]


def archive_submit(*, user: User) -> Submission:
    """Submit an export of the whole account."""
    kind, params = export_params(user=user, kind="account", format="zip", filters={})
    return job_submit(user=user, kind=kind, params=params)


def archived(client: Client) -> bytes:
    """The client's account as an archive."""
    job = execute(archive_submit(user=user_of(client)).job)
    assert (job.status, job.error_message) == ("succeeded", "")
    return output(job, "account.zip")


def output(job: Job, name: str) -> bytes:
    """A file of a job, its size and checksum checked."""
    file = JobFile.objects.get(job=job, role="output", name=name)
    with object_store().open(file.storage_key) as stream:
        data = stream.read()
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return data


def submit_restore(client: Client, chunks: Iterable[bytes], mode: str = "apply") -> Job:
    """The restore, queued."""
    upload = upload_store(name="account.zip", content_type="application/zip", chunks=chunks)
    params = {"source": "gridlink", "mode": mode, "name": "account.zip"}
    return job_submit(user=user_of(client), kind=RESTORE, params=params, upload=upload).job


def restored(client: Client, data: bytes, mode: str = "apply") -> Job:
    """The restore, done; it must have succeeded."""
    job = execute(submit_restore(client, [data], mode))
    assert (job.status, job.error_message) == ("succeeded", "")
    return job


def refused(client: Client, data: bytes) -> str:
    """Why an archive was not restored."""
    job = execute(submit_restore(client, [data]))
    assert (job.status, job.error_code) == ("failed", "unreadable")
    return job.error_message


def verdicts(job: Job) -> list[tuple[str, str, str]]:
    """Table, verdict and remarks of each line of a restore's verdicts.csv."""
    lines = csv.DictReader(io.StringIO(output(job, "verdicts.csv").decode()))
    return [(line["table"], line["verdict"], line["remarks"]) for line in lines]


def unzipped(data: bytes) -> Files:
    """The files of an archive by name, as another program finds them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files) -> bytes:
    """Files as a ZIP, as another program packs them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def noted(files: Files, changes: Mapping[str, Any] = MappingProxyType({})) -> Files:
    """Files with a manifest that is right about them, but for the changes."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [
        {
            "name": name,
            "rows": data.count(b"\n"),
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in files.items()
        if name != "manifest.json"
    ]
    return {**files, "manifest.json": json.dumps(manifest | dict(changes)).encode()}


def rewritten(data: bytes, name: str, change: Callable[[list[Any]], object]) -> bytes:
    """An archive with the rows of a file changed, and a manifest that is right about them."""
    files = unzipped(data)
    rows = [json.loads(line) for line in files[name].splitlines()]
    change(rows)
    files[name] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return zipped(noted(files))


def of_schema_1(data: bytes) -> bytes:
    """An archive as the first schema had it."""
    fields = ("time_zone", "week_start", "locale", "email_jobs")
    data = rewritten(data, "account.jsonl", lambda rows: [rows[0].pop(name) for name in fields])
    tables = ("reports.jsonl", "schedules.jsonl", "webhooks.jsonl")
    files = {name: content for name, content in unzipped(data).items() if name not in tables}
    return zipped(noted(files, {"schema": 1}))


def rows_of(data: bytes, name: str) -> list[dict[str, Any]]:
    """The rows of a file of an archive."""
    return [json.loads(line) for line in unzipped(data)[f"{name}.jsonl"].splitlines()]


_TABLES = (
    "grids_link", "grids_grid", "reports_click", "reports_view", "reports_link_hour",
    "reports_link_day", "reports_grid_hour", "reports_grid_day_value", "reports_user_hour",
    "reports_user_day_value", "reports_user_agent", "reports_former_key", "reports_raw_from",
    "reports_report", "tasks_schedule", "tasks_webhook_endpoint",
)  # fmt: skip


def forget_all() -> None:
    """Leave nothing but the users: a fresh instance, whose keys begin somewhere else."""
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"DELETE FROM {table}")
        for table in ("grids_grid", "grids_link"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
                f" nextval(pg_get_serial_sequence('{table}', 'id')) + 1000)"
            )
        # What the triggers remembered of it.
        cursor.execute("DELETE FROM reports_deleted_slug")


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a restore writes to."""
    found = {}
    with connection.cursor() as cursor:
        for table in (*_TABLES, "accounts_user"):
            cursor.execute(f"SELECT row::text FROM {table} AS row ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def saved(folder: Path, name: str, data: bytes) -> Path:
    """The bytes as a file."""
    path = folder / name
    path.write_bytes(data)
    return path
