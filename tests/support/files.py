"""Finished jobs with files, made without a runner."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from tasks.jobs import sweeper
from tasks.models import FileRole, Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import make_job

BODY = bytes(range(256)) * 4
DIGEST = hashlib.sha256(BODY).hexdigest()


def job_with_file(client: Client, name: str = "links.csv") -> Job:
    """A succeeded job with BODY as its file."""
    assert client.user
    job = make_job(client.user)
    Job.objects.filter(pk=job.pk).update(status="succeeded", finished_on=timezone.now())
    add_file(job, name)
    return job


def add_file(job: Job, name: str, role: FileRole = FileRole.OUTPUT) -> JobFile:
    key = f"jobs/{job.slug}/1-1/{role.value}-{job.files.count()}"
    with object_store().sink(key) as sink:
        sink.write(BODY)
    return JobFile.objects.create(
        job=job,
        role=role,
        name=name,
        storage_key=key,
        content_type="text/csv",
        size=len(BODY),
        sha256=DIGEST,
        expires_on=timezone.now() + timedelta(days=7),
    )


def make_old(*paths: Path) -> None:
    """Make the files, or all files below the folders, as old as an orphan has to be."""
    then = time.time() - sweeper.ORPHAN_AGE.total_seconds() - 60
    for path in paths:
        for file in [path, *path.rglob("*")]:
            if file.is_file():
                os.utime(file, (then, then))
