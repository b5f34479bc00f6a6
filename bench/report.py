"""What a bench prints: a table for people, then a line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 130


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]


def in_ms(seconds: float) -> str:
    """Seconds as milliseconds for a table."""
    return f"{seconds * 1000:.1f}"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table whose first column is text and whose others are figures."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    # A pipe has no width; 80 columns would cut the figures off.
    console.width = max(console.width, _WIDTH)
    console.print(table)


def say(line: str) -> None:
    """Tell what goes on, at once."""
    print(line, flush=True)


def conclude(bench: str, *, holds: bool, **figures: Any) -> int:
    """Print the last line; returns the exit code."""
    say(json.dumps({"bench": bench, **figures, "holds": holds}))
    return 0 if holds else 1
