"""Count the rows that several threads write, and report them to the job."""

from __future__ import annotations

import threading

from tasks.jobs.context import JobContext


class Progress:
    """Report rows written of `total` to the job; raise why it must stop."""

    def __init__(self, context: JobContext, total: int) -> None:
        self._context = context
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self.add(0)

    def add(self, rows: int) -> None:
        """Report so many more rows."""
        with self._lock:
            self._done += rows
            done = self._done
        self._context.report(min(done, self._total), self._total, "rows")


class ChunkProgress:
    """Estimate the rows of one chunk from its lines, until `correct` gets their real number."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines = 0

    def add_lines(self, lines: int) -> None:
        """Report so many more lines as rows."""
        self._lines += lines
        self._progress.add(lines)

    def correct(self, rows: int) -> None:
        """Replace the lines reported so far by the number of rows."""
        self._progress.add(rows - self._lines)
