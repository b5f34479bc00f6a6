"""Errors of the job platform that a caller of the API sees."""

from __future__ import annotations

import math
from datetime import datetime

from django.utils import timezone

from gridlink.lib.errors import ApplicationError


class StorageUnavailable(ApplicationError):
    """The store of files cannot be reached, or is full; the request may be sent again later."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        message = "The file storage cannot be used right now; try again in a moment."
        super().__init__(message, headers={"Retry-After": "5"})


class QuotaExceeded(ApplicationError):
    """One of the user's quotas is used up; `room_on` is when there will be room again, if that is known."""

    status = 429
    code = "quota_exceeded"

    def __init__(self, message: str, *, room_on: datetime | None = None) -> None:
        headers = {}
        if room_on:
            seconds = (room_on - timezone.now()).total_seconds()
            headers["Retry-After"] = str(max(1, math.ceil(seconds)))
        super().__init__(message, headers=headers)
