"""Sheets: their names, and their rows as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from xlsxwriter.worksheet import Worksheet

_NAME_UNITS = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")


class RowsSheet(Worksheet):  # type: ignore[misc]  # it ships no types
    """A sheet of rows that are XML already; what else a sheet has, XlsxWriter writes."""

    def fill(self, rows: Iterable[str], height: int, width: int) -> None:
        """Take so many rows of so many columns; they are asked for when the workbook is closed."""
        self._filled = rows
        self._check_dimensions(0, 0)
        self._check_dimensions(height - 1, width - 1)

    def _write_rows(self) -> None:
        self.fh.writelines(self._filled)


class SheetNames:
    """Gives each sheet of a workbook a name that Excel takes: 31 UTF-16 code units at most, and unlike the
    others in more than the case of its letters."""

    def __init__(self) -> None:
        # Excel keeps this one for itself.
        self._taken = {"history"}

    def take(self, title: str) -> str:
        """The title, or what is like it; with a number if there is such a sheet already."""
        wanted = _NOT_IN_NAMES.sub(" ", title)
        for number in count(1):
            end = f" {number}" if number > 1 else ""
            name = _fitting(wanted, _NAME_UNITS - len(end)) + end
            if name.lower() not in self._taken:
                break
        self._taken.add(name.lower())
        return name


def _fitting(text: str, units: int) -> str:
    """The start of the text, without what may not be at either end of a name."""
    start = text.strip("' ").encode("utf-16-le")[: units * 2]
    return start.decode("utf-16-le", "ignore").strip("' ") or "Table"
