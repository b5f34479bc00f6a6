"""Where tiles lay, how often they were clicked there, and how often they could have been."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Self

from reports.analytics.lookups import TileMetrics
from reports.analytics.metrics import Metrics


class Place(NamedTuple):
    """In cells."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def of(cls, text: str) -> Self | None:
        """From "x,y,width,height"; None for anything else, as another version may have said."""
        cells = [int(cell) for cell in text.split(",") if cell.isdecimal()]
        return cls(*cells) if len(cells) == len(cls._fields) else None


class Spot(NamedTuple):
    """What is known of the tiles at a place: how many there are, with each grid's counted for itself, their
    numbers, and their exposures: human views of the grids they are on."""

    tiles: int = 0
    humans: int = 0
    bots: int = 0
    visitors: int = 0
    exposures: int = 0

    @property
    def click_through(self) -> float | None:
        """Human clicks per exposure; None without exposures."""
        return self.humans / self.exposures if self.exposures else None


Key = tuple[int, ...]


def spots_of(
    reading: TileMetrics, live: Iterable[tuple[int, Place]]
) -> list[tuple[Place | None, Spot]]:
    """Each tile of each grid: those that were clicked in the period, and those that lie there now (`live`, by
    the key of the grid) also if nobody clicked them. What has no place is one, at the end."""
    numbers: dict[tuple[int, Place], Metrics] = {}
    unknown = [reading.not_kept]
    for (grid, text), found in reading.tiles.items():
        place = Place.of(text)
        if place is None:
            unknown.append(found)
        else:
            numbers[grid, place] = found
    spots: list[tuple[Place | None, Spot]] = [
        (place, _spot(numbers.get((grid, place), Metrics()), reading.views.get(grid, 0)))
        for grid, place in sorted({*numbers, *live})
    ]
    rest = [_nowhere(each) for each in unknown if each.humans or each.bots]
    return [*spots, (None, added(rest))] if rest else spots


def grouped(
    spots: Iterable[tuple[Place | None, Spot]], by: Callable[[Place], Key]
) -> Mapping[Key | None, Spot]:
    """The sums of all places that are alike, in their order; those without a place come last."""
    groups: defaultdict[Key | None, list[Spot]] = defaultdict(list)
    for place, spot in spots:
        groups[by(place) if place else None].append(spot)
    keys = sorted(groups, key=lambda key: (key is None, key or ()))
    return {key: added(groups[key]) for key in keys}


def added(spots: Iterable[Spot]) -> Spot:
    """All of them together."""
    return Spot(*map(sum, zip(Spot(), *spots, strict=True)))


def _spot(numbers: Metrics, exposures: int) -> Spot:
    return Spot(1, numbers.humans, numbers.bots, numbers.visitors, exposures)


def _nowhere(numbers: Metrics) -> Spot:
    return Spot(0, numbers.humans, numbers.bots, numbers.visitors, 0)
