"""Check refusals: the shape of the error, and that nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridlink.accounts.models import Token, User
from grids.models import Grid, Link
from reports.models import Report
from tasks.models import Delivery, Job, Notification, Schedule, WebhookEndpoint

_MODELS = (
    User, Token, Grid, Link, Report, Schedule, Job, Notification, WebhookEndpoint, Delivery,
)  # fmt: skip
# Written by merely using a token.
_NOT_STATE = {Token: {"last_used_on"}}


def assert_error(response: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The answer is an error of this status, code, and fields, in the one shape; its `error`."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, error
    assert isinstance(error["message"], str)
    assert error["message"]
    assert set(error) == ({"code", "message", "fields"} if fields else {"code", "message"}), error
    assert set(error.get("fields", {})) == set(fields), error
    return error


@contextmanager
def nothing_changes() -> Iterator[None]:
    """The block leaves every row of the product as it was."""
    before = _state()
    yield
    assert _state() == before


def _state() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: _rows(model) for model in _MODELS}


def _rows(model: Any) -> list[dict[str, Any]]:
    skipped = _NOT_STATE.get(model, set())
    names = [field.name for field in model._meta.concrete_fields if field.name not in skipped]
    return list(model._base_manager.order_by("pk").values(*names))
