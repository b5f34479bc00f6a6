"""Test that every format can be cancelled and leaves nothing behind."""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Result, Table
from tests.support.reports.page_results import ABOUT

COLUMNS = (
    Column("n", "N", CellType.INTEGER),
    Column("text", "Text", CellType.TEXT),
    Column("on", "On", CellType.MOMENT),
)
ROWS = [(i, f"Row {i}", datetime(2026, 1, 1, tzinfo=UTC)) for i in range(4000)]


class BrokenOff(Exception):
    pass


def result() -> Result:
    tables = tuple(Table(name, name, COLUMNS, ROWS, ("n",)) for name in ("one", "other"))
    return Result("any", "Any", "", "UTC", (), tables, ())


@pytest.mark.parametrize("looks", [1, 3])
@pytest.mark.parametrize("name", RENDERERS)
def test_it_is_broken_off(
    name: str, looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = iter(range(looks - 1))

    def watch() -> None:
        if next(left, None) is None:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        RENDERERS[name](watch).write(result(), ABOUT, io.BytesIO())
    assert list(tmp_path.iterdir()) == []
