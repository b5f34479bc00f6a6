"""Check the storage, DEBUG and the addresses when `manage.py check` runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from gridlink.lib.weburl import shared_host
from tasks.storage import StorageError, object_store


@register("gridlink")
def storage_check(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that the object storage can be written."""
    try:
        object_store().check()
    except (StorageError, ImproperlyConfigured) as error:
        return [
            Error(
                f"STORAGE_URL cannot be used: {error}",
                hint="See docs/settings.md.",
                id="gridlink.E001",
            )
        ]
    return []


@register("gridlink", deploy=True)
def debug_check(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of DEBUG, which shows internals to visitors."""
    if settings.DEBUG:
        return [Warning("DEBUG is on.", hint="Unset DEBUG in production.", id="gridlink.W001")]
    return []


@register("gridlink", deploy=True)
def hosts_check(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when pages of users share a host, and so its cookies, with the app."""
    if host := shared_host(settings.LINK_BASE_URL, settings.PUBLIC_URL):
        return [
            Warning(
                f"LINK_BASE_URL and PUBLIC_URL have the same host, {host}.",
                hint="Give them two names: see docs/operations.md, Two hosts.",
                id="gridlink.W002",
            )
        ]
    return []
