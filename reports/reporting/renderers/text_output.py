"""Text that is written while it is being made, however much of it there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import IO

from reports.reporting.renderers.base import goes_on

_LINES = 1000


def write_lines(out: IO[bytes], lines: Iterable[str], watch: Callable[[], None] = goes_on) -> None:
    """Write the lines in UTF-8, some at a time, and call `watch` before each time. They hold their own ends,
    and none is empty."""
    waiting = iter(lines)
    while piece := "".join(islice(waiting, _LINES)):
        watch()
        out.write(piece.encode())
