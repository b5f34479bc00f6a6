"""Writes of exports: a request becomes a job."""

from __future__ import annotations

from typing import Any

from gridlink.accounts.models import User
from grids.access import grid_write
from reports.jobs import EXPORT
from tasks.services import Submission, job_submit


def export_submit(
    *,
    user: User,
    kind: str,
    format: str,
    compression: str,
    filters: dict[str, Any],
    idempotency_key: str = "",
) -> Submission:
    """Queue an export. Raises NotFound for a grid in the filters that is not the user's."""
    for slug in filters.get("grids", []):
        grid_write(user, slug)
    params = {"kind": kind, "format": format, "compression": compression, "filters": filters}
    return job_submit(user=user, kind=EXPORT, params=params, idempotency_key=idempotency_key)
