"""What every kind of report speaks: a question and its parameters in, a result out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, Literal, TypeVar

from reports.analytics.periods import Period
from reports.kinds.asking import Asking, range_words
from reports.kinds.parameters import Parameters
from reports.kinds.scope import Scope
from reports.results.result import Chart, Fact, Result, Table

P = TypeVar("P", bound=Parameters)
WeekStart = Literal["monday", "sunday"]


class Data(StrEnum):
    """What a report is made of: while none of it has moved, the same question has the same answer."""

    CLICKS = "clicks"
    """And views, as they are stored and summed."""
    LINKS = "links"
    """And grids, also what they are called."""
    CHECKS = "checks"
    """The last check of each link."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of any kind. With `include_bots`, clicks are those of bots too, but for click-through."""

    user_id: int
    scope: Scope
    period: Period
    week_start: WeekStart = "monday"
    include_bots: bool = False


class ReportKind(ABC, Generic[P]):
    """One kind of report. Adding another is a subclass in a file of its own, and a line in `registry`."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """A sentence for whoever chooses a kind."""
    reads: ClassVar[frozenset[Data]]
    """What its numbers come from when the scope is the whole account; see `depends_on`."""
    parameters: ClassVar[type[Parameters]]
    """What P is."""

    def __init__(self, question: Question, params: P) -> None:
        self.question = question
        self.params = params

    @property
    def depends_on(self) -> frozenset[Data]:
        """What this very question reads: a scope is resolved by what the links are now."""
        return self.reads if self.question.scope.is_all else self.reads | {Data.LINKS}

    def check(self) -> None:
        """Raises Invalid, naming the parameters that do not go together with the period. No query."""

    @abstractmethod
    def result(self) -> Result:
        """The answer: a handful of queries, whatever the number of clicks, which are of one instant if the
        caller is in a REPEATABLE READ transaction. Raises Invalid where `check` does, and nothing else."""

    def subtitle(self, asking: Asking) -> str:
        """What was asked, in words: the scope and the range."""
        return f"{asking.scope.words}, {range_words(asking.period)}"

    def made(
        self,
        asking: Asking,
        *,
        facts: Iterable[Fact] = (),
        tables: Iterable[Table] = (),
        charts: Iterable[Chart] = (),
    ) -> Result:
        """The result, of what has been asked, under the kind's name."""
        return Result(
            kind=self.name,
            title=self.title,
            subtitle=self.subtitle(asking),
            zone=self.question.period.zone.key,
            facts=tuple(facts),
            tables=tuple(tables),
            charts=tuple(charts),
            remarks=asking.remarks,
        )
