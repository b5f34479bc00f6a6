"""What benches share as commands: the sizes they are asked for, and the time that something takes."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter
from typing import Any


def options(about: str | None, **amounts: int) -> Any:
    """What the command line says: a whole number of each name, else the one given here."""
    parser = ArgumentParser(description=about)
    for name, amount in amounts.items():
        parser.add_argument(f"--{name}", type=int, default=amount)
    return parser.parse_args()


def timed(work: Callable[[], None]) -> float:
    """The seconds that it takes."""
    before = perf_counter()
    work()
    return perf_counter() - before
