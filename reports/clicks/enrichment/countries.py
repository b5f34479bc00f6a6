"""Look up the country of an address in the database file that `make countries` fetches."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import maxminddb
from django.conf import settings

from gridlink.lib.client_address import canonical

logger = logging.getLogger(__name__)

# How soon a replaced file is noticed.
CHECK_SECONDS = 60.0
_CACHED = 16_384
_ISO = re.compile(r"[A-Z]{2}\Z")


def country(address: str) -> str:
    """Return the ISO 3166 alpha-2 code of an IPv4 or IPv6 address, in capitals.

    Never raises: '' when it is unknown, private or no address, or there is no database.
    """
    return _database.find(address)


class _Database:
    """Hold settings.COUNTRY_DB as it was when last checked."""

    def __init__(self) -> None:
        self._due = -inf
        self._identity: object = None
        self._find: Callable[[str], str] = _unknown

    def find(self, address: str) -> str:
        if monotonic() >= self._due:
            self._check()
        return self._find(address)

    def _check(self) -> None:
        self._due = monotonic() + CHECK_SECONDS
        path: Path = settings.COUNTRY_DB
        if (identity := _identity(path)) != self._identity:
            self._identity = identity
            self._find = _open(path)


def _identity(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path, None
    return path, (status.st_ino, status.st_mtime_ns, status.st_size)


def _open(path: Path) -> Callable[[str], str]:
    """Return a look-up in a file, with a cache of its own."""
    try:
        # Mapped into memory, and copied: a file overwritten in place would end the process.
        with tempfile.NamedTemporaryFile(prefix="gridlink-countries-") as copy:
            shutil.copyfile(path, copy.name)
            reader = maxminddb.open_database(copy.name, maxminddb.MODE_MMAP_EXT)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        _warn(path, error)
        return _unknown
    return lru_cache(_CACHED)(_Lookup(path, reader))


def _unknown(_: str) -> str:
    return ""


def _warn(path: Path, error: Exception) -> None:
    logger.warning("countries_unknown", extra={"path": str(path), "error": repr(error)})


class _Lookup:
    """Find addresses in an open database; log once when it turns out to be broken."""

    def __init__(self, path: Path, reader: maxminddb.Reader) -> None:
        self._path = path
        self._reader = reader
        self._is_broken = False

    def __call__(self, address: str) -> str:
        try:
            return _code(self._reader.get(canonical(address)))
        except (TypeError, ValueError):
            # TypeError: the C library refuses the text.
            return ""
        except maxminddb.InvalidDatabaseError as error:
            if not self._is_broken:
                self._is_broken = True
                _warn(self._path, error)
            return ""


def _code(record: Any) -> str:
    # MaxMind's own databases, and others like them, have it further down.
    code = _get(record, "country_code") or _get(_get(record, "country"), "iso_code")
    return code if isinstance(code, str) and _ISO.match(code) else ""


def _get(record: Any, key: str) -> Any:
    return record.get(key) if isinstance(record, dict) else None


_database = _Database()
