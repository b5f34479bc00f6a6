"""Render every error as `{"error": {"code", "message", "fields"?}}`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from gridlink.lib.database import is_unreachable
from gridlink.lib.errors import ApplicationError

_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "server_error",
    503: "unavailable",
}

# Of a message, and of the messages about one object or list.
_TEXT_LENGTH = 1000
_ITEMS_MAX = 100


def error_body(code: str, message: str, fields: Any = None) -> dict[str, Any]:
    """Return an error's body; `fields` maps names to messages, nested like the input.

    Messages may repeat the input, so that long ones are cut, and so are long lists of them.
    """
    error = {"code": code, "message": _cut(message)}
    return {"error": {**error, "fields": _cut(fields)} if fields else error}


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in islice(value.items(), _ITEMS_MAX)}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value[:_ITEMS_MAX]]
    if isinstance(value, str) and len(value) > _TEXT_LENGTH:
        return f"{value[:_TEXT_LENGTH]}…"
    return value


def error_response(status: int, message: str) -> JsonResponse:
    """Return an error response from outside the API's views, such as a middleware's."""
    return JsonResponse(error_body(_CODES.get(status, "error"), message), status=status)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Convert a view's exception; return None for a defect, which `server_error` then serves."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, ApplicationError):
        response = _application_response(error)
    elif isinstance(error, exceptions.ValidationError):
        response = _validation_response(error)
    elif isinstance(error, exceptions.APIException):
        response = _api_response(error)
    elif is_unreachable(error):
        message = "The database cannot be reached; try again in a moment."
        response = Response(error_body("unavailable", message), status=503)
        response["Retry-After"] = "5"
    else:
        return None
    set_rollback()
    return response


def _application_response(error: ApplicationError) -> Response:
    body = error_body(error.error_code, error.message, error.fields)
    return Response(body, status=error.status, headers=error.headers)


def _validation_response(error: exceptions.ValidationError) -> Response:
    fields = error.detail
    if isinstance(fields, dict):
        return Response(error_body("invalid", "Some fields are not valid.", fields), status=400)
    return Response(error_body("invalid", " ".join(str(item) for item in fields)), status=400)


def _api_response(error: exceptions.APIException) -> Response:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    code = _CODES.get(error.status_code, "error")
    return Response(error_body(code, str(error.detail)), status=error.status_code, headers=headers)


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Serve `handler404` for unknown paths."""
    hint = "" if request.path.endswith("/") else " Paths of the API end with a slash."
    return error_response(404, f"Not found.{hint}")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Serve `handler400` for requests that Django refuses."""
    return error_response(400, "The request is malformed.")


def server_error(request: HttpRequest) -> JsonResponse:
    """Serve `handler500` for defects; the log has the traceback."""
    return error_response(500, "Something went wrong here; the log of the server has the details.")
