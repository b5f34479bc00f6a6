"""The country of an address, from the database file that `make countries` fetches."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import maxminddb
from django.conf import settings

logger = logging.getLogger(__name__)

CHECK_SECONDS = 60.0
"""How soon a replaced file is noticed."""
_CACHED = 16_384
_ISO = re.compile(r"[A-Z]{2}\Z")
_BROKEN = (OSError, ValueError, maxminddb.InvalidDatabaseError)


def country(address: str) -> str:
    """The ISO 3166 alpha-2 code, in capitals, of an IPv4 or IPv6 address; '' when it is unknown, private or
    no address, or there is no database. Never raises."""
    return _file.find(address)


def _unknown(_: str) -> str:
    return ""


class _File:
    """settings.COUNTRY_DB as it was when last looked at."""

    def __init__(self) -> None:
        self._due = -inf
        self._seen: object = None
        self._find: Callable[[str], str] = _unknown

    def find(self, address: str) -> str:
        if monotonic() >= self._due:
            self._look()
        return self._find(address)

    def _look(self) -> None:
        self._due = monotonic() + CHECK_SECONDS
        path: Path = settings.COUNTRY_DB
        if (seen := _identity(path)) != self._seen:
            self._seen = seen
            # With a cache of its own: what the file before it said is forgotten.
            self._find = _open(path)


def _identity(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path, None
    return path, (status.st_ino, status.st_mtime_ns, status.st_size)


def _open(path: Path) -> Callable[[str], str]:
    try:
        reader = _opened_copy(path)
    except _BROKEN as error:
        logger.warning("countries_unknown", extra={"path": str(path), "error": repr(error)})
        return _unknown
    return lru_cache(_CACHED)(_Lookup(path, reader))


def _opened_copy(path: Path) -> maxminddb.Reader:
    # The file is mapped into memory, and one that somebody writes over in place would end the process.
    with tempfile.NamedTemporaryFile(prefix="gridlink-countries-") as copy:
        shutil.copyfile(path, copy.name)
        return maxminddb.open_database(copy.name, maxminddb.MODE_MMAP_EXT)


class _Lookup:
    """Finds addresses in one open database; says once when it turns out to be broken."""

    def __init__(self, path: Path, reader: maxminddb.Reader) -> None:
        self._path = path
        self._reader = reader
        self._is_broken = False

    def __call__(self, address: str) -> str:
        try:
            return _code(self._reader.get(_unmapped(address)))
        except (TypeError, ValueError):
            # A TypeError, of a text that C cannot have.
            return ""
        except maxminddb.InvalidDatabaseError as error:
            if not self._is_broken:
                self._is_broken = True
                logger.warning(
                    "countries_unknown", extra={"path": str(self._path), "error": repr(error)}
                )
            return ""


def _unmapped(address: str) -> str:
    """An IPv4 address that came as an IPv6 one, as sockets for both kinds give it, as what it is."""
    if ":" not in address:
        return address
    mapped = IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped else address


def _code(record: Any) -> str:
    # MaxMind's own databases, and others like them, have it further down.
    code = _get(record, "country_code") or _get(_get(record, "country"), "iso_code")
    return code if isinstance(code, str) and _ISO.match(code) else ""


def _get(record: Any, key: str) -> Any:
    return record.get(key) if isinstance(record, dict) else None


_file = _File()
