"""Document and answer the requests that submit a job, on whatever path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.schema import IDEMPOTENCY_KEY, LOCATION, REPLAYED, Method, operation
from tasks.access import job_read
from tasks.api.jobs.examples import QUEUED
from tasks.api.jobs.serializers import JobSerializer, job_response
from tasks.jobs.services import Submission


def submits(
    kind: str,
    summary: str,
    *,
    body: Any = None,
    examples: Mapping[str, Any] | None = None,
    also: Iterable[int] = (),
) -> Callable[[Method], Method]:
    """Document a view's method that submits a job of this kind; see `operation`."""
    return operation(
        summary,
        IDEMPOTENCY_KEY,
        LOCATION,
        REPLAYED,
        body=body,
        examples=examples,
        answers=JobSerializer,
        example={**QUEUED, "kind": kind},
        status=202,
        also=also,
    )


def accepted(request: Request, submission: Submission) -> Response:
    """Answer 202 with the job; a header marks one of an earlier request."""
    # A new job has no files yet.
    made = submission.job
    job = made if submission.created else job_read(actor_of(request), made.slug)
    response = job_response(request, job, status=202)
    response["Location"] = reverse("job-detail", args=[made.slug], request=request)
    if not submission.created:
        response["Idempotent-Replayed"] = "true"
    return response
