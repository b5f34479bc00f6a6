"""Define the states of a job and the events of its history.

    queued ──► running ──► succeeded ──► expired (its files are gone)
      │  ▲        ├──────► truncated ──► expired
      │  │        ├──────► failed ────┐
      │  └────────┤ (released)        │ retry
      │           └──────► cancelled ─┤
      └──────────────────► cancelled  │
         queued ◄─────────────────────┘

Only `tasks.jobs.lifecycle` changes a state.
"""

from __future__ import annotations

from django.db import models


class JobStatus(models.TextChoices):
    """Name the states of a job."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    # Its files can be fetched, but a limit of the operator's kept them from holding everything.
    TRUNCATED = "truncated", "Truncated"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)
# States with files to fetch.
DELIVERED = (JobStatus.SUCCEEDED, JobStatus.TRUNCATED)
FINISHED = (*DELIVERED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED)
RETRYABLE = (JobStatus.FAILED, JobStatus.CANCELLED)


class EventType(models.TextChoices):
    """Name what can happen to a job; its history lists these events."""

    QUEUED = "queued", "Queued"
    CLAIMED = "claimed", "Claimed by a worker"
    RELEASED = "released", "Given back to the queue"
    CANCEL_REQUESTED = "cancel_requested", "Cancel requested"
    SUCCEEDED = "succeeded", "Succeeded"
    TRUNCATED = "truncated", "Ended at a limit, with files"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    RETRIED = "retried", "Queued again by its owner"
    REVOKED = "revoked", "Addresses of a file revoked"
    FILE_DELETED = "file_deleted", "File deleted by its owner"
    EXPIRED = "expired", "Files removed"
