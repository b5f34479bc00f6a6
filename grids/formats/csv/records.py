"""Split a CSV file into records, in bounded memory; each knows its first line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from grids.formats.base import FileProblem, FormatError

DELIMITERS = (",", ";", "\t", "|")
RECORD_CHARS = 1024 * 1024
"""The longest record, which may span lines: beyond it a quote is probably unclosed."""

_LONG_CELL = "field larger than field limit"


class Lines:
    """Iterate over the lines of a text given in pieces, each with its line end.

    `count` is the number of lines that first() has taken. `held` counts the characters since it was last set
    to 0, at the end of a record; FormatError is raised when they exceed the limit of a record.
    """

    def __init__(self, chunks: Iterator[str]) -> None:
        self.count = 0
        self.held = 0
        self._lines = self._cut(chunks)

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def first(self) -> str:
        """Return the first line that is not blank. Raises FormatError when there is none."""
        for line in self._lines:
            self.count += 1
            if line.strip("\ufeff\0 \t\r\n"):
                self.held = 0
                return line
        raise FormatError("The file is empty.")

    def _cut(self, chunks: Iterator[str]) -> Iterator[str]:
        rest = ""
        for chunk in chunks:
            self.held += len(chunk)
            if self.held > RECORD_CHARS:
                raise FormatError(
                    f"A record of the file is longer than {RECORD_CHARS} characters:"
                    " it may be no table, or a quote in it is never closed."
                )
            lines = list(io.StringIO(rest + chunk, newline=""))
            # A line may be incomplete, and a CR may be half of a line end.
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            yield from lines
        if rest:
            yield rest


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a record that is one line. Raises csv.Error."""
    return next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), [])


def records(
    lines: Lines, delimiter: str, skips_space: bool
) -> Iterator[tuple[int, list[str]] | FileProblem]:
    """Yield the first line and the cells of every remaining record, blank lines skipped.

    A record of one line with broken quotes is a problem. One that runs over lines hides where the next one
    begins: it raises FormatError.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=skips_space)
    before, line = lines.count, lines.count + 1
    while True:
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                lines.held = 0
                line = before + reader.line_num + 1
            return
        except csv.Error as error:
            if before + reader.line_num > line:
                raise FormatError(
                    f"In the record that begins in line {line} a quote is never closed,"
                    " or closed too early."
                ) from error
            yield FileProblem(line, _describe(error))
            lines.held = 0
            line = before + reader.line_num + 1


def _describe(error: csv.Error) -> str:
    if str(error).startswith(_LONG_CELL):
        return f"a cell is longer than {csv.field_size_limit()} characters"
    return "a quote is never closed, or closed too early: this line could not be read"
