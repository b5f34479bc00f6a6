"""Errors of the job platform that a caller of the API sees."""

from __future__ import annotations

from gridlink.lib.errors import ApplicationError


class StorageUnavailable(ApplicationError):
    """The store of files cannot be reached, or is full; the request may be sent again later."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        message = "The file storage cannot be used right now; try again in a moment."
        super().__init__(message, headers={"Retry-After": "5"})
