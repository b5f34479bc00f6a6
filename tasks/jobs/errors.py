"""Define the errors of the job platform that a caller of the API sees."""

from __future__ import annotations

import math
from datetime import datetime

from django.utils import timezone

from gridlink.lib.errors import ApplicationError


class StorageUnavailable(ApplicationError):
    """Report that the file storage cannot be used; the request may be sent again."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        message = "The file storage cannot be used right now; try again in a moment."
        super().__init__(message, headers={"Retry-After": "5"})


class QuotaExceeded(ApplicationError):
    """Report a used-up quota, and when there will be room, if known."""

    status = 429
    code = "quota_exceeded"

    def __init__(self, message: str, *, room_on: datetime | None = None) -> None:
        headers = {}
        if room_on:
            seconds = (room_on - timezone.now()).total_seconds()
            headers["Retry-After"] = str(max(1, math.ceil(seconds)))
        super().__init__(message, headers=headers)
