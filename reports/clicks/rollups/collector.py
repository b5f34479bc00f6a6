"""Collect what the visits of a batch add to the roll-ups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.clicks.parsing.outcomes import Outcome
from reports.clicks.parsing.targets import ParsedTarget
from reports.clicks.parsing.visits import HOUR_MS, CopyFields, Visit
from reports.clicks.rollups.additions import (
    GRID_HOURS,
    GRID_VALUES,
    LINK_HOURS,
    VIEW,
    Additions,
    OutcomeCounts,
)
from reports.clicks.storage.copy_format import pg_date, pg_timestamp
from reports.models import Dimension

# The target, the hour since 1970, and the outcome.
RollupKey = tuple[ParsedTarget, int, Outcome]
# The grid, the day since 1970, and the outcome.
DayKey = tuple[int, int, Outcome]

# The dimensions of the copied fields of a visit, in the order of `_fields_of`.
_DIMENSIONS = tuple(
    tuple(dimension.value for dimension in dimensions)
    for dimensions in (
        (Dimension.DEVICE, Dimension.BROWSER, Dimension.OS),
        (Dimension.COUNTRY,),
        (Dimension.REFERRER,),
        (Dimension.LANGUAGE,),
        [each for each in Dimension if each.name.startswith("UTM_")],
    )
)
_TILE = Dimension.TILE.value


@dataclass(frozen=True, slots=True)
class RollupCollector:
    """Count visits by target, hour and outcome; group clicks by grid, day and outcome."""

    counts: Counter[RollupKey] = field(default_factory=Counter)
    clicks: defaultdict[DayKey, list[Visit]] = field(default_factory=lambda: defaultdict(list))

    def encode(self) -> list[tuple[Additions, list[bytes]]]:
        """Return the rows to store, in the order in which to store them."""
        links, grids, values = LINK_HOURS.counts(), GRID_HOURS.counts(), GRID_VALUES.counts()
        self._count_targets(links, grids, values)
        self._count_values(values)
        return [
            (additions, additions.encode(counts))
            for additions, counts in (
                (LINK_HOURS, links),
                (GRID_HOURS, grids),
                (GRID_VALUES, values),
            )
        ]

    def _count_targets(
        self, links: OutcomeCounts, grids: OutcomeCounts, values: OutcomeCounts
    ) -> None:
        # A grid has one owner: the first one, should a broken stream name another.
        owners: dict[int, int] = {}
        times = {hour: pg_timestamp(hour * HOUR_MS) for _, hour, _ in self.counts}
        for (target, hour, outcome), count in self.counts.items():
            grid, time = target.grid, times[hour]
            owner = owners.setdefault(grid, target.user)
            if not target.link:
                grids[grid, time, owner][VIEW + outcome] += count
                continue
            grids[grid, time, owner][outcome] += count
            links[target.link, time, grid, owner][outcome] += count
            if outcome != Outcome.REFUSED:
                values[grid, _TILE, pg_date(hour // 24), target.tile][outcome] += count

    def _count_values(self, values: OutcomeCounts) -> None:
        for (grid, day, outcome), clicks in self.clicks.items():
            date = pg_date(day)
            for dimensions, fields in zip(_DIMENSIONS, _fields_of(clicks), strict=True):
                for texts, count in Counter(fields).items():
                    for dimension, text in zip(dimensions, texts, strict=True):
                        values[grid, dimension, date, text][outcome] += count


def _fields_of(clicks: Sequence[Visit]) -> tuple[Sequence[CopyFields], ...]:
    """Return the fields of the clicks by columns, transposed without a loop in Python."""
    *_, headers, countries, referrers, languages, campaigns = zip(*clicks, strict=True)
    return [header.fields for header in headers], countries, referrers, languages, campaigns
