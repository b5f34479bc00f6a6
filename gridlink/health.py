"""Serve `/healthz`, whether the process lives, and `/readyz`, whether it can serve."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from tasks.jobs.selectors import canary_ages
from tasks.storage import StorageError, object_store

# Keep the answer fast: the state of Redis does not decide it.
_REDIS_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 1}


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 when PostgreSQL is migrated and storage works, otherwise 503.

    Redis is reported but not required: requests are answered and jobs queued without it. `queues` holds the
    seconds since a message last went through each.
    """
    checks: dict[str, Any] = {"postgres": _postgres(), "storage": _storage(), "redis": _redis()}
    ready = checks["postgres"] == "ok" and checks["storage"] == "ok"
    if checks["postgres"] == "ok":
        checks["queues"] = {name: round(age) for name, age in canary_ages().items()}
    status = "ready" if ready else "unready"
    return JsonResponse({"status": status, **checks}, status=200 if ready else 503)


def _postgres() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        connection.close()
        return "unreachable"
    return "migrations pending" if pending else "ok"


def _storage() -> str:
    try:
        object_store().check()
    except StorageError as error:
        return str(error)
    return "ok"


def _redis() -> str:
    try:
        with current_app.connection_for_write(transport_options=_REDIS_OPTIONS) as broker:
            broker.ensure_connection(max_retries=0)
    except Exception:
        # Redis clients raise many unrelated types, which all mean the same here.
        return "unreachable"
    return "ok"
