"""Errors that services raise for a caller to see; the API turns each into one JSON shape.

A service never knows of HTTP requests, but each error names the status that says the same thing there.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ApplicationError(Exception):
    """Something a caller asked for cannot be done; `message` is for a person, `code` for a program."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"

    def __init__(
        self,
        message: str,
        *,
        fields: dict[str, Any] | None = None,
        code: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}
        self.error_code = code or self.code
        self.headers = headers or {}


class Invalid(ApplicationError):
    """The request makes no sense as it stands."""


class NotFound(ApplicationError):
    """There is no such thing, or it is somebody else's: the two are told apart for nobody."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Not found.", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)


class Forbidden(ApplicationError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class Conflict(ApplicationError):
    """The request is fine, but not in the state things are in."""

    status = 409
    code = "conflict"


class Gone(ApplicationError):
    """It was here and is no more."""

    status = 410
    code = "gone"


class PreconditionFailed(ApplicationError):
    """The thing changed since the caller read it."""

    status = 412
    code = "precondition_failed"


class TooLarge(ApplicationError):
    """More bytes than a stated limit allows."""

    status = 413
    code = "too_large"


class Unprocessable(ApplicationError):
    """Well formed, but it contradicts what came before."""

    status = 422
    code = "unprocessable"


class PreconditionRequired(ApplicationError):
    """The caller must say which version it means to change."""

    status = 428
    code = "precondition_required"


class Throttled(ApplicationError):
    """Too many requests of this kind in a short time."""

    status = 429
    code = "throttled"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, headers={"Retry-After": str(max(1, round(retry_after)))})
