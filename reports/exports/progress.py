"""How many rows are written, told by several threads at once."""

from __future__ import annotations

import threading

from tasks.jobs.context import JobContext


class Progress:
    """Reports to the job, of `total` rows; raises why it must stop, if it must."""

    def __init__(self, context: JobContext, total: int) -> None:
        self._context = context
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self.add(0)

    def add(self, rows: int) -> None:
        """So many more."""
        with self._lock:
            self._done += rows
            done = self._done
        self._context.report(min(done, self._total), self._total, "rows")


class Counter:
    """Counts what goes by of one piece, in lines, which are rows as a rule; `settle` then puts it right."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines = 0

    def moved(self, lines: int) -> None:
        """So many lines more."""
        self._lines += lines
        self._progress.add(lines)

    def settle(self, rows: int) -> None:
        """There were so many rows."""
        self._progress.add(rows - self._lines)
