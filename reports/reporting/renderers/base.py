"""What every format of reports speaks: a result in, the bytes of one file out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO, ClassVar

from reports.reporting.results.result import Result


class Paper(StrEnum):
    """The size of a page."""

    A4 = "a4"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class About:
    """What a file says beside the result: when it was made, an aware datetime; the slug of the run; the
    paper; the locale, as `en_GB`, in which people read its numbers and days, if it is for people."""

    made_on: datetime
    run: str
    paper: Paper = Paper.A4
    locale: str = "en"


class NotRendered(Exception):
    """A result cannot be put into a format; the message is one line that says why."""


def goes_on() -> None:
    """Nothing breaks it off."""


class Renderer(ABC):
    """One format. Adding another is a subclass in a file of its own, and a line in `registry`."""

    name: ClassVar[str]
    content_type: ClassVar[str]

    def __init__(self, watch: Callable[[], None] = goes_on) -> None:
        """`watch` is called while a file is made, every second or so, and raises what is to break it off:
        then no process and no file is left behind, but what is in `out`."""
        self.watch = watch

    @abstractmethod
    def extension(self, result: Result) -> str:
        """Of the file, without a dot: it may depend on how many tables there are."""

    def media_type(self, result: Result) -> str:
        """Of the file; the `content_type`, unless it depends on the tables as well."""
        return self.content_type

    @abstractmethod
    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """Write the whole file; `out` need not seek. All text is data: nothing in it is markup, a formula or
        a program. Every cell of every table is in it, equal to those of the other formats; but pages to
        print may end a table after its first rows, if they say above it how many of how many these are.
        Raises NotRendered, and what `watch` raises."""
