"""Define what every format of reports implements: it writes a result to a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import IO, ClassVar

from reports.reporting.results.result import Result

_CHUNK_LINES = 1000


class Paper(StrEnum):
    """Name the size of a page."""

    A4 = "a4"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class RenderContext:
    """Hold what a file states besides the result; `run` is a slug, `locale` like `en_GB`."""

    made_on: datetime
    run: str
    paper: Paper = Paper.A4
    locale: str = "en"


class RenderError(Exception):
    """Report that a result cannot be rendered; the message is one line that says why."""


class Renderer(ABC):
    """Render results in one format; `registry` lists the subclasses."""

    name: ClassVar[str]
    content_type: ClassVar[str]

    def __init__(self, check_cancelled: Callable[[], None] = lambda: None) -> None:
        """Take a function that is called about every second and raises to cancel."""
        self.check_cancelled = check_cancelled

    def extension(self, result: Result) -> str:
        """Return the extension of the file, without a dot."""
        return self.name

    def media_type(self, result: Result) -> str:
        """Return the media type of the file."""
        return self.content_type

    @abstractmethod
    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write the whole file; `out` need not be seekable.

        No text of the result may act as markup, formula or program. The file holds every cell of every table,
        equal to those of other formats; but PDF may stop after a table's first rows if it says so above it.
        Raises RenderError, and what `check_cancelled` raises.
        """


def write_lines(
    out: IO[bytes], lines: Iterable[str], check_cancelled: Callable[[], None] = lambda: None
) -> None:
    """Write lines in UTF-8 in chunks, calling `check_cancelled` before each.

    The lines include their line ends, and none is empty.
    """
    waiting = iter(lines)
    while chunk := "".join(islice(waiting, _CHUNK_LINES)):
        check_cancelled()
        out.write(chunk.encode())
