"""Define what every form of rule gives: days, and the times on them."""

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
    """Return the error for one field of a schedule."""
    return Invalid(message, fields={field: [message]})


class Recurrence(ABC):
    """Represent a rule without its time zone, as a series of local times.

    `times` are whole minutes in order, at least `MIN_INTERVAL_MINUTES` apart, also over midnight. `count` is
    how many there are in all since `starts_on`; None for no such end.
    """

    form: ClassVar[str]
    times: tuple[time, ...]
    count: int | None = None

    def __init__(self, text: str, starts_on: date) -> None:
        """Read the rule. Raises Invalid if it is wrong or fires too often."""
        if len(text) > TEXT_LENGTH:
            raise invalid_field("rule", f"The rule is longer than {TEXT_LENGTH} characters.")
        self.starts_on = starts_on
        self._read(text)
        _check_interval(self.times)

    @abstractmethod
    def _read(self, text: str) -> None:
        """Set `times`, and `count` if there is one. Raises Invalid."""

    @abstractmethod
    def days(self, begin: date) -> Iterator[date]:
        """Yield the days from `begin` on; end within a second when no later day fits."""

    def local_times(self, begin: date) -> Iterator[datetime]:
        """Yield the local times from `begin` on, perhaps after some earlier ones."""
        # COUNT counts from the first day.
        first = self.starts_on if self.count else max(begin, self.starts_on)
        every = (datetime.combine(day, at) for day in self.days(first) for at in self.times)
        return islice(every, self.count)

    @property
    def covers_every_hour(self) -> bool:
        """Return whether the rule has a time in every hour."""
        return len({at.hour for at in self.times}) == 24


def times_at(hours: Iterable[int], minutes: Iterable[int]) -> tuple[time, ...]:
    """Return each minute in each hour, in order."""
    return tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))


def _check_interval(times: tuple[time, ...]) -> None:
    if not times:
        raise invalid_field("rule", "There is no time of day that the rule fits.")
    minutes = [at.hour * 60 + at.minute for at in times]
    around = [*minutes, minutes[0] + _DAY_MINUTES]
    if min(later - earlier for earlier, later in pairwise(around)) < MIN_INTERVAL_MINUTES:
        raise invalid_field(
            "rule", f"The rule fires more than once in {MIN_INTERVAL_MINUTES} minutes."
        )
