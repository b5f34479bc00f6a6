"""Exports as LibreOffice opens them: what type each cell has there, and what it shows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from grids.models import Grid
from tests.support.client import Client
from tests.support.platform import execute_slug
from tests.support.reports.exports import MOMENT, file_bytes, link_on, run_export
from tests.support.reports.many_clicks import FIRST, make_clicks

SOFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: there is no soffice"),
    # Its first start takes long on a busy machine.
    pytest.mark.timeout(300),
]

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
# Comma, quotation mark, UTF-8, from the first line on; then the columns that are text.
_CSV = "CSV:44,34,76,1,"
_IS_TEXT = 2

TITLES = [
    "plain",
    "007",
    "1e5",
    "12.50",
    "2026-03-04",
    "TRUE",
    "=1+1",
    "+49 30",
    "-5",
    "@SUM(A1)",
    "'quoted'",
    'He said "hi", twice',
    "two\nlines",
    "😀 שלום 東京",
]
# What a spreadsheet would run stands behind an apostrophe in CSV.
GUARDED = [f"'{title}" if title[0] in "=+-@" else title for title in TITLES]


class Cell(NamedTuple):
    """Its type, and its value as the file has it; a string's is its text."""

    type: str
    value: str


Rows = list[dict[str, Cell]]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libreoffice")


def opened(profile: Path, folder: Path, name: str, data: bytes, *options: str) -> Rows:
    """The rows of the only sheet, by the names in the first one."""
    (folder / name).write_bytes(data)
    command = [str(SOFFICE), "--headless", f"-env:UserInstallation={profile.as_uri()}", *options]
    command += ["--convert-to", "fods", "--outdir", str(folder), str(folder / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    document = ElementTree.parse((folder / name).with_suffix(".fods"))
    head, *rows = [list(_cells(row)) for row in document.iter(f"{_TABLE}table-row")]
    names = [cell.value for cell in head if cell.value]
    return [dict(zip(names, row, strict=False)) for row in rows if row[0].value]


def _cells(row: ElementTree.Element) -> Iterator[Cell]:
    for cell in row.iter(f"{_TABLE}table-cell"):
        # What is empty to the end of the sheet comes as one.
        repeated = min(int(cell.get(f"{_TABLE}number-columns-repeated", "1")), 50)
        yield from [_cell(cell)] * repeated


def _cell(cell: ElementTree.Element) -> Cell:
    shown = "\n".join("".join(line.itertext()) for line in cell.iter(f"{_TEXT}p"))
    if formula := cell.get(f"{_TABLE}formula"):
        # What it makes of a workbook's truth values; no other is to be there.
        assert formula == f"of:={shown}()"
        assert shown in ("TRUE", "FALSE")
        return Cell("boolean", shown)
    values = (cell.get(f"{_OFFICE}{name}") for name in ("date-value", "value"))
    return Cell(cell.get(f"{_OFFICE}value-type", ""), next(filter(None, values), shown))


def text(value: str) -> Cell:
    return Cell("string", value)


@pytest.fixture
def titled(owner: Client, grid: Grid) -> Client:
    """The owner of a link of each title."""
    for number, title in enumerate(TITLES):
        link_on(grid, number, title=title, note="0123", created_on=MOMENT.replace(microsecond=0))
    return owner


def column(rows: Rows, name: str) -> list[Cell]:
    return [row[name] for row in rows]


def test_xlsx_of_links(titled: Client, profile: Path, tmp_path: Path) -> None:
    rows = opened(profile, tmp_path, "links.xlsx", file_bytes(run_export(titled, "xlsx")))
    assert column(rows, "title") == [text(title) for title in TITLES]
    assert set(column(rows, "note")) == {text("0123")}
    assert column(rows, "x") == [Cell("float", str(n % 6)) for n in range(len(TITLES))]
    assert set(column(rows, "width")) == {Cell("float", "1")}
    assert set(column(rows, "created_on")) == {Cell("date", "2026-03-04T05:06:07")}
    assert {cell.type for cell in column(rows, "active_from")} == {""}


def test_csv_of_links(titled: Client, profile: Path, tmp_path: Path) -> None:
    """As it comes, numbers are numbers, and nothing is run."""
    data = file_bytes(run_export(titled, "csv"))
    rows = opened(profile, tmp_path, "links.csv", data)
    assert [cell.value for cell in column(rows, "link")] == [
        f"li_{number:032x}" for number in range(len(TITLES))
    ]
    assert column(rows, "y") == [Cell("float", str(n // 6)) for n in range(len(TITLES))]
    guarded = [title for title in GUARDED if title.startswith("'")]
    assert [cell for cell in column(rows, "title") if cell.value in guarded] == list(
        map(text, guarded)
    )
    assert set(column(rows, "created_on")) == {text("2026-03-04T05:06:07.000000Z")}


def test_csv_with_local_times(titled: Client, profile: Path, tmp_path: Path) -> None:
    """Without an offset, times are times."""
    choices = {"times": "local", "time_zone": "Asia/Kolkata"}
    rows = opened(profile, tmp_path, "links.csv", file_bytes(run_export(titled, "csv", **choices)))
    assert set(column(rows, "created_on")) == {Cell("date", "2026-03-04T10:36:07")}
    assert {cell.type for cell in column(rows, "active_from")} == {""}
    assert set(column(rows, "width")) == {Cell("float", "1")}


def test_csv_of_links_with_columns_of_text(titled: Client, profile: Path, tmp_path: Path) -> None:
    """Whoever says of a column that it is text gets every character of it."""
    data = file_bytes(run_export(titled, "csv"))
    names = data.partition(b"\n")[0].decode().split(",")
    texts = "/".join(f"{names.index(name) + 1}/{_IS_TEXT}" for name in ("title", "note"))
    rows = opened(profile, tmp_path, "links.csv", data, f"--infilter={_CSV}{texts}")
    assert column(rows, "title") == [text(title) for title in GUARDED]
    assert set(column(rows, "note")) == {text("0123")}
    assert set(column(rows, "height")) == {Cell("float", "1")}


def test_xlsx_of_clicks(owner: Client, grid: Grid, profile: Path, tmp_path: Path) -> None:
    make_clicks(grid, 7)
    answer = owner.post("exports/", {"kind": "clicks", "format": "xlsx"})
    data = file_bytes(execute_slug(answer.json()["slug"]))
    rows = opened(profile, tmp_path, "clicks.xlsx", data)
    # One a day.
    days = [FIRST + timedelta(days=number) for number in range(7)]
    # Midnight is shown, and need not be said.
    assert column(rows, "clicked_on") == [Cell("date", day.isoformat()) for day in days]
    # Not 000…1e5 or the like.
    assert column(rows, "visitor") == [text(f"{n * 7919:016x}") for n in range(7)]
    assert column(rows, "is_first_on_link") == [
        Cell("boolean", "FALSE" if n % 2 else "TRUE") for n in range(7)
    ]
    referrers = ["news.example" if n % 5 else "=1+1" for n in range(7)]
    assert column(rows, "referrer") == list(map(text, referrers))
    assert column(rows, "utm_source") == [text(f'Zoë "x", y\n{n}') for n in range(7)]
