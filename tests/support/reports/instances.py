"""A second Gridlink beside the test's own: another database on the same server, and another storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection


@contextmanager
def another_instance(folder: Path, settings: Any) -> Iterator[None]:
    """Within the block this process, and those it starts, are the other instance: new and empty."""
    own, storage = connection.settings_dict["NAME"], settings.STORAGE_URL
    other = f"{own}_other"
    _administer(f"DROP DATABASE IF EXISTS {other} WITH (FORCE)")
    _administer(f"CREATE DATABASE {other}")
    try:
        _switch(other)
        settings.STORAGE_URL = (folder / "other-storage").as_uri()
        call_command("migrate", verbosity=0)
        yield
    finally:
        _switch(own)
        settings.STORAGE_URL = storage
        _administer(f"DROP DATABASE {other} WITH (FORCE)")


def _switch(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _administer(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
