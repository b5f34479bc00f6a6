"""Print a bench's results: a table for people and a line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 130


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]


def in_ms(seconds: float) -> str:
    """Format seconds as milliseconds."""
    return f"{seconds * 1000:.1f}"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose first column is text and whose others are numbers."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    # A pipe has no width; 80 columns would cut the figures off.
    console.width = max(console.width, _WIDTH)
    console.print(table)


def show_turns(
    unit: str, amount: int, names: tuple[str, str], turns: Sequence[tuple[float, float]]
) -> tuple[float, int]:
    """Print the seconds of both sides in each turn; return our relative speed and rate.

    Both are medians: how many times as fast as the other side ours is, and our units a second.
    """
    columns = dict(zip(names, zip(*turns, strict=True), strict=True))
    rows = [
        [name, *(f"{s:.1f}" for s in seconds), f"{amount / median(seconds):,.0f}"]
        for name, seconds in columns.items()
    ]
    heads = [f"turn {turn}, s" for turn in range(1, len(turns) + 1)]
    show(f"{amount:,} {unit}", ["", *heads, f"{unit}/s at the median"], rows)
    # Of each turn, since a machine is faster now and slower then.
    ratio = median(theirs / ours for ours, theirs in turns)
    return ratio, round(amount / median(columns[names[0]]))


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def conclude(bench: str, *, holds: bool, **figures: Any) -> int:
    """Print the line of JSON; return the exit code."""
    say(json.dumps({"bench": bench, **figures, "holds": holds}))
    return 0 if holds else 1
