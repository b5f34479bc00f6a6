"""What a bench prints: a table for people, then a line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import median
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


def show_turns(
    unit: str, amount: int, names: tuple[str, str], turns: Sequence[tuple[float, float]]
) -> tuple[float, int]:
    """A table of the seconds that ours and the other side took in each turn, for so many units; returns how
    many times as fast as the other ours is, and our units a second, both at the median."""
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
    """Tell what goes on, at once."""
    print(line, flush=True)


def conclude(bench: str, *, holds: bool, **figures: Any) -> int:
    """Print the last line; returns the exit code."""
    say(json.dumps({"bench": bench, **figures, "holds": holds}))
    return 0 if holds else 1
