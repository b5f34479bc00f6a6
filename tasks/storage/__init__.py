"""Store the files of jobs in one object store, which the setting STORAGE_URL names."""

from __future__ import annotations

import os
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from tasks.storage.base import ObjectMissing as ObjectMissing
from tasks.storage.base import ObjectStore as ObjectStore
from tasks.storage.base import Sink as Sink
from tasks.storage.base import StorageError as StorageError
from tasks.storage.base import StorageFull as StorageFull

# Dotted names, imported on use, so that only S3 loads boto3.
STORES = {"file": "tasks.storage.local.LocalStore", "s3": "tasks.storage.s3.S3Store"}


def store_from_url(url: str) -> ObjectStore:
    """Return the store that `url` describes. Raises ImproperlyConfigured."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in STORES:
            raise ValueError(f"it must start with one of {', '.join(STORES)}, then ://")
        store_class: type[ObjectStore] = import_string(STORES[parts.scheme])
        return store_class.from_url(parts)
    except ValueError as error:
        # Without the URL, which may hold a secret.
        raise ImproperlyConfigured(f"STORAGE_URL is not usable: {error}") from error


_cached_store = cache(store_from_url)
# A parent and its forked workers must not share connections.
os.register_at_fork(after_in_child=_cached_store.cache_clear)


def object_store() -> ObjectStore:
    """Return the one store of this process, as STORAGE_URL says."""
    return _cached_store(settings.STORAGE_URL)
