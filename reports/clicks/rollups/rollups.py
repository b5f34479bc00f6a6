"""The sums that reports are made of, added to in the transaction that stores the rows they count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.clicks.parsing.outcomes import Outcome
from reports.clicks.parsing.targets import Place
from reports.clicks.parsing.visits import HOUR_MS, Parts, Visit
from reports.clicks.rollups import users
from reports.clicks.rollups.sums import Sums, Table, Total, added_to
from reports.clicks.storage.copy_format import date, moment
from reports.models import (
    Dimension,
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    UserDayValue,
    UserHour,
)

# Where and when, with the hour since 1970, and what it counts as.
Spot = tuple[Place, int, Outcome]
# The grid, the day since 1970, and what it counts as.
Shade = tuple[int, int, Outcome]

# What the parts of a visit tell, in their order.
_PARTS = (
    (Dimension.DEVICE.value, Dimension.BROWSER.value, Dimension.OS.value),
    (Dimension.COUNTRY.value,),
    (Dimension.REFERRER.value,),
    (Dimension.LANGUAGE.value,),
    (
        Dimension.UTM_SOURCE.value,
        Dimension.UTM_MEDIUM.value,
        Dimension.UTM_CAMPAIGN.value,
        Dimension.UTM_TERM.value,
        Dimension.UTM_CONTENT.value,
    ),
)
# Where what COUNTED names is summed.
_OF_GRID = {
    name: name for name in ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
}
_OF_LINK = _OF_GRID | {"link_visitors": "link_visitors"}
_OF_VIEW = {name: f"views_{name}" for name in _OF_GRID} | {"humans": "views"}
_OF_VALUE = {name: name for name in ("humans", "duplicates", "bots", "visitors")}

_LINK_HOUR = Table(LinkHour, owner=("user_id",), counts=list(_OF_LINK.values()))
_LINK_DAY = Table(LinkDay, owner=("user_id",), counts=list(_OF_LINK.values()))
_GRID_HOUR = Table(
    GridHour,
    owner=("user_id",),
    counts=[*_OF_GRID.values(), *_OF_VIEW.values()],
    totals=[Total(UserHour, counts=users.HOUR_COUNTS, added=users.hours(added_to(GridHour)))],
)
# After the hours, which say whose the grids are.
_GRID_DAY_VALUE = Table(
    GridDayValue,
    owner=(),
    counts=list(_OF_VALUE.values()),
    totals=[
        Total(
            UserDayValue,
            counts=users.VALUE_COUNTS,
            added=users.values(added_to(GridDayValue), added_to(GridHour)),
        )
    ],
)
_CLICK_OF_LINK = _LINK_HOUR.positions(_OF_LINK)
_CLICK_OF_GRID, _VIEW_OF_GRID = _GRID_HOUR.positions(_OF_GRID), _GRID_HOUR.positions(_OF_VIEW)
_CLICK_OF_VALUE = _GRID_DAY_VALUE.positions(_OF_VALUE)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a transaction adds: how many there are of each, and the clicks themselves for their parts."""

    spots: Counter[Spot] = field(default_factory=Counter)
    clicks: defaultdict[Shade, list[Visit]] = field(default_factory=lambda: defaultdict(list))

    def additions(self) -> list[tuple[Table, list[bytes]]]:
        """What is to be added to which table, as rows of COPY."""
        sums = [
            (_LINK_HOUR, self._link_hours()),
            (_LINK_DAY, self._link_days()),
            (_GRID_HOUR, self._grid_hours()),
            (_GRID_DAY_VALUE, self._values()),
        ]
        return [(table, table.rows(sums)) for table, sums in sums]

    def _link_hours(self) -> Sums:
        sums = _LINK_HOUR.sums()
        for (place, hour, outcome), count in self.spots.items():
            if place.link:
                key = place.link, moment(hour * HOUR_MS), place.grid
                sums.count(key, (place.user,), _CLICK_OF_LINK[outcome], count)
        return sums

    def _link_days(self) -> Sums:
        sums = _LINK_DAY.sums()
        for (place, hour, outcome), count in self.spots.items():
            if place.link:
                key = place.link, date(hour // 24), place.grid
                sums.count(key, (place.user,), _CLICK_OF_LINK[outcome], count)
        return sums

    def _grid_hours(self) -> Sums:
        sums = _GRID_HOUR.sums()
        for (place, hour, outcome), count in self.spots.items():
            positions = _CLICK_OF_GRID if place.link else _VIEW_OF_GRID
            key = place.grid, moment(hour * HOUR_MS)
            sums.count(key, (place.user,), positions[outcome], count)
        return sums

    def _values(self) -> Sums:
        sums = _GRID_DAY_VALUE.sums()
        for (place, hour, outcome), count in self.spots.items():
            if place.link and outcome != Outcome.REFUSED:
                key = place.grid, Dimension.TILE.value, date(hour // 24), place.tile
                sums.count(key, (), _CLICK_OF_VALUE[outcome], count)
        for (grid, day, outcome), clicks in self.clicks.items():
            positions, on = _CLICK_OF_VALUE[outcome], date(day)
            for numbers, parts in zip(_PARTS, _parts_of(clicks), strict=True):
                for values, count in Counter(parts).items():
                    for number, value in zip(numbers, values, strict=True):
                        sums.count((grid, number, on, value), (), positions, count)
        return sums


def _parts_of(clicks: Sequence[Visit]) -> tuple[Sequence[Parts], ...]:
    """The parts of the clicks, side by side: turned over as a whole, which takes no loop of ours."""
    *_, headers, countries, referrers, languages, campaigns = zip(*clicks, strict=True)
    return [header.fields for header in headers], countries, referrers, languages, campaigns
