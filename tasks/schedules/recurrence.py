"""What every form of rule comes down to: some days, and times that are the same on each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice, pairwise
from typing import ClassVar

from gridlink.lib.errors import Invalid

TEXT_LENGTH = 300
MIN_INTERVAL_MINUTES = 15
_DAY_MINUTES = 24 * 60


def invalid_field(field: str, message: str) -> Invalid:
    """An error about one field of a schedule."""
    return Invalid(message, fields={field: [message]})


class Recurrence(ABC):
    """A rule without its time zone: a series of times as a clock on the wall shows them.

    `times` are whole minutes in order, at least `MIN_INTERVAL_MINUTES` apart, also over midnight. `count` is
    how many there are in all since `starts_on`; None for no such end.
    """

    form: ClassVar[str]
    times: tuple[time, ...]
    count: int | None = None

    def __init__(self, text: str, starts_on: date) -> None:
        """Raises Invalid, naming the field `rule`, for a text that is no rule or one that fires too often."""
        if len(text) > TEXT_LENGTH:
            raise invalid_field("rule", f"The rule is longer than {TEXT_LENGTH} characters.")
        self.starts_on = starts_on
        self._read(text)
        _check_distance(self.times)

    @abstractmethod
    def _read(self, text: str) -> None:
        """Set `times`, and `count` if there is one. Raises Invalid."""

    @abstractmethod
    def days(self, begin: date) -> Iterator[date]:
        """The days from `begin` on, which is not before `starts_on`, in order. It ends for a rule that will
        never be met again, within a second."""

    def local_times(self, begin: date) -> Iterator[datetime]:
        """The local times from the day `begin` on, in order; earlier ones may come first."""
        # What is counted is counted from the start.
        first = self.starts_on if self.count else max(begin, self.starts_on)
        every = (datetime.combine(day, at) for day in self.days(first) for at in self.times)
        return islice(every, self.count)

    @property
    def covers_every_hour(self) -> bool:
        """Whether it names every hour of the day."""
        return len({at.hour for at in self.times}) == 24


def times_at(hours: Iterable[int], minutes: Iterable[int]) -> tuple[time, ...]:
    """Each minute in each hour, in order."""
    return tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))


def _check_distance(times: tuple[time, ...]) -> None:
    if not times:
        raise invalid_field("rule", "There is no time of day that the rule fits.")
    minutes = [at.hour * 60 + at.minute for at in times]
    around = [*minutes, minutes[0] + _DAY_MINUTES]
    if min(later - earlier for earlier, later in pairwise(around)) < MIN_INTERVAL_MINUTES:
        raise invalid_field(
            "rule", f"The rule fires more than once in {MIN_INTERVAL_MINUTES} minutes."
        )
