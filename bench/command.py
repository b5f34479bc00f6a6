"""Parse the sizes of a bench from the command line, and time functions."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter
from typing import Any


def options(about: str | None, **amounts: int) -> Any:
    """Parse the command line: one whole number per name, with these defaults."""
    parser = ArgumentParser(description=about)
    for name, amount in amounts.items():
        parser.add_argument(f"--{name}", type=int, default=amount)
    return parser.parse_args()


def timed(work: Callable[[], None]) -> float:
    """Return the seconds that `work` takes."""
    before = perf_counter()
    work()
    return perf_counter() - before
