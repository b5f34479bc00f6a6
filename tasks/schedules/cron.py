"""Read cron rules: minute, hour, day of the month, month, day of the week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from cronsim import CronSim, CronSimError

from tasks.schedules.recurrence import Recurrence, invalid_field, times_at

_DAYS_FROM = 2  # the third field


class Cron(Recurrence):
    """Represent five fields as Debian's cron reads them.

    If both the day of the month and the day of the week are given, either is enough, unless one starts with
    a star.
    """

    form = "cron"

    def _read(self, text: str) -> None:
        fields = text.split()
        if len(fields) != 5 or not text.isascii():
            raise invalid_field(
                "rule", "A cron rule has five fields: minute, hour, day, month, weekday."
            )
        try:
            parsed = CronSim(" ".join(fields), datetime.combine(self.starts_on, time()))
        except CronSimError as error:
            raise invalid_field("rule", f"{error} in the cron rule.") from error
        self.times = times_at(parsed.hours, parsed.minutes)
        # Only the days: one place, for all forms of rule, deals with changes of the clock.
        self._midnights = " ".join(["0", "0", *fields[_DAYS_FROM:]])

    def days(self, begin: date) -> Iterator[date]:
        """Yield the days from `begin` on, at most fifty years ahead."""
        eve = datetime.combine(begin, time()) - timedelta(minutes=1)
        return (midnight.date() for midnight in CronSim(self._midnights, eve))
