"""Parts of a file (RFC 9110, section 14)."""

from __future__ import annotations

import pytest

from tasks.models import Job, JobFile
from tests.support.client import Client, content
from tests.tasks.test_downloads_api import BODY, DIGEST, job_with_file

pytestmark = pytest.mark.django_db
SIZE = len(BODY)


def path(job: Job) -> str:
    return f"jobs/{job.slug}/files/links.csv/"
