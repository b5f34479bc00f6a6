"""Where finished files of jobs are kept: one store, chosen by the setting STORAGE_URL."""

from __future__ import annotations

import os
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from tasks.storage.base import (
    ObjectMissing,
    ObjectStore,
    Sink,
    StorageError,
    StorageFull,
    StoredObject,
    attachment,
)

__all__ = [
    "ObjectMissing",
    "ObjectStore",
    "Sink",
    "StorageError",
    "StorageFull",
    "StoredObject",
    "attachment",
    "object_store",
    "store_from_url",
]

# Dotted names, imported on use: whoever keeps files in a folder never loads boto3.
STORES = {
    "file": "tasks.storage.local.LocalStore",
    "s3": "tasks.storage.s3.S3Store",
}


def store_from_url(url: str) -> ObjectStore:
    """Return the store `url` describes; raise ImproperlyConfigured with one clear line."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in STORES:
            raise ValueError(f"it must start with one of {', '.join(STORES)}, then ://")
        store_class: type[ObjectStore] = import_string(STORES[parts.scheme])
        return store_class.from_url(parts)
    except ValueError as error:
        # The URL itself stays out of the message: someone may have put a secret into it.
        raise ImproperlyConfigured(f"STORAGE_URL is not usable: {error}") from error


_cached_store = cache(store_from_url)
# Connections shared by a parent and its forked workers would mix up their answers.
os.register_at_fork(after_in_child=_cached_store.cache_clear)


def object_store() -> ObjectStore:
    """Return the one store of this process, as set by STORAGE_URL."""
    return _cached_store(settings.STORAGE_URL)
