"""Define the errors that services raise for a caller to see.

The API turns each into the same JSON shape, with the HTTP status that the error names.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ApplicationError(Exception):
    """Represent a refused request; `message` is for people, `code` for programs."""

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
    """Report a request with invalid values."""


class NotFound(ApplicationError):
    """Report an object that does not exist or belongs to another user, without telling which."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Not found.", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)


class Forbidden(ApplicationError):
    """Report that the caller may not do this."""

    status = 403
    code = "forbidden"


class Conflict(ApplicationError):
    """Report a request that conflicts with the current state."""

    status = 409
    code = "conflict"


class Gone(ApplicationError):
    """Report an object that existed and was removed."""

    status = 410
    code = "gone"


class PreconditionFailed(ApplicationError):
    """Report an object that has changed since the caller read it."""

    status = 412
    code = "precondition_failed"


class TooLarge(ApplicationError):
    """Report more bytes than the limit allows."""

    status = 413
    code = "too_large"


class Unprocessable(ApplicationError):
    """Report a valid request that contradicts an earlier one."""

    status = 422
    code = "unprocessable"


class PreconditionRequired(ApplicationError):
    """Report that If-Match is missing."""

    status = 428
    code = "precondition_required"


class Throttled(ApplicationError):
    """Report too many requests in a short time."""

    status = 429
    code = "throttled"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, headers={"Retry-After": str(max(1, round(retry_after)))})
