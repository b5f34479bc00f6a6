"""Name the sheets of a workbook, and write their rows from XML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from xlsxwriter.worksheet import Worksheet

_NAME_UNITS = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


class RowsSheet(Worksheet):  # type: ignore[misc]  # it ships no types
    """Represent a sheet of rows that are XML already; XlsxWriter writes the rest."""

    def fill(self, rows: Iterable[str], height: int, width: int) -> None:
        """Set the rows, which are iterated when the workbook is closed."""
        self._filled = rows
        self._check_dimensions(0, 0)
        self._check_dimensions(height - 1, width - 1)

    def _write_rows(self) -> None:
        self.fh.writelines(self._filled)


class SheetNames:
    """Give each sheet of a workbook a name that Excel accepts.

    That is at most 31 UTF-16 code units, and unique without regard to case.
    """

    def __init__(self) -> None:
        # Excel reserves this one.
        self._taken = {"history"}

    def take(self, title: str) -> str:
        """Return a name like the title, with a number if it is taken."""
        wanted = _FORBIDDEN.sub(" ", title)
        for number in count(1):
            suffix = f" {number}" if number > 1 else ""
            name = _truncate(wanted, _NAME_UNITS - len(suffix)) + suffix
            if name.lower() not in self._taken:
                break
        self._taken.add(name.lower())
        return name


def _truncate(text: str, units: int) -> str:
    """Return the start of the text, without what may not begin or end a name."""
    start = text.strip("' ").encode("utf-16-le")[: units * 2]
    return start.decode("utf-16-le", "ignore").strip("' ") or "Table"
