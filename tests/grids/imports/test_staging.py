"""Test staging: entries are copied while read, and errors of the reader are passed on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection

from grids.formats.base import FormatError
from grids.imports.rows import Folder
from grids.imports.staging import stage, unstage

ROW = "{n}\t{n}\t\t0\tli_{n}\tkey\t2020-01-01Z\t2020-01-01Z\t\\N\tf\tt\t\\N\t\\N\t\\N\tu\tt\tn\t{{}}\t\n"
FOLDER = Folder(0, "Reading", 1, "", datetime(2020, 1, 1, tzinfo=UTC), "gr_1")


def _rows(*numbers: int) -> bytes:
    return "".join(ROW.format(n=n) for n in numbers).encode()


def _all(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _is_staged() -> bool:
    return _all("SELECT to_regclass('pg_temp.import_entry') IS NOT NULL") == [(True,)]


@pytest.mark.django_db
def test_pieces_of_any_size_are_taken() -> None:
    """A piece may be empty, end within a row, or be larger than what COPY asks for."""
    large = _rows(*range(1, 5001))
    pieces = [b"", large[:10], b"", large[10:], _rows(5001)]
    stage(iter(pieces), [FOLDER])
    assert _all("SELECT count(*), sum(n) FROM import_entry") == [(5001, 5001 * 5002 // 2)]
    assert _all("SELECT number, title, ordinal, slug, is_new FROM import_folder") == [
        (0, "Reading", 1, "gr_1", False)
    ]
    unstage()
    assert not _is_staged()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error", [FormatError("It breaks off."), SystemExit(1), KeyboardInterrupt()]
)
def test_an_error_of_the_reader_is_that_error(error: BaseException) -> None:
    """And nothing of what was read before remains."""

    def broken() -> Iterator[bytes]:
        yield _rows(1)
        raise error

    with pytest.raises(type(error)) as caught:
        stage(broken(), [])
    assert caught.value is error
    assert not _is_staged()
    stage([_rows(1)], [])
    assert _all("SELECT n FROM import_entry") == [(1,)]


@pytest.mark.django_db
def test_an_error_of_the_database_is_its_own() -> None:
    """EntryRows that are none are no fault of the reader."""
    with pytest.raises(DatabaseError, match="invalid input syntax"):
        stage([b"no row\n"], [])
    assert not _is_staged()


@pytest.mark.django_db(transaction=True)
def test_what_is_staged_outlives_its_transaction() -> None:
    """Another transaction settles the import, and takes the tables with it."""
    stage([_rows(1, 2)], [FOLDER])
    assert _all("SELECT count(*) FROM import_entry") == [(2,)]
    stage([_rows(3)], [])
    assert _all("SELECT n FROM import_entry") == [(3,)]
    unstage()
    assert not _is_staged()
