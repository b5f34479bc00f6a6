"""What a tile is worth by where it lies and how large it is.

An exposure of a tile is a human view of its grid. Sums keep where a tile lay when it was clicked, not for how
long: so each tile counts with all views of its grid in the period, at every place at which it was clicked in
it, and where it lies now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from reports.analytics.lookups import read_tile_metrics
from reports.reporting.kinds.base import Asking, Data, Question, ReportKind
from reports.reporting.kinds.builders import CLICK_THROUGH, CLICKS, SHARE, bars, shares, table
from reports.reporting.kinds.parameters import Parameters
from reports.reporting.kinds.tile_positions import Key, Place, Spot, added, grouped, spots_of
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Column, Fact, Result, Table

_TILES = Column("tiles", "Tiles", CellType.INTEGER)
_EXPOSURES = Column("exposures", "Exposures", CellType.INTEGER)
_WORTH = Column("worth", "Worth", CellType.NUMBER)
_UNKNOWN = "unknown"
_NOTE = (
    "Exposures are views of each tile's grid; click-through is human clicks per exposure. Worth is"
    " click-through as a multiple of that of tiles of one cell."
)


class _Grouping(NamedTuple):
    """What makes places alike: `key` names the numbers that `by` gives of a place."""

    name: str
    title: str
    label: str
    key: tuple[Column, ...]
    by: Callable[[Place], Key]
    shown: Callable[..., str]


def _integer(name: str, title: str) -> Column:
    return Column(name, title, CellType.INTEGER)


_GROUPINGS = (
    _Grouping(
        "sizes",
        "By size",
        "Size",
        (_integer("width", "Width"), _integer("height", "Height")),
        lambda place: (place.width, place.height),
        "{} by {}".format,
    ),
    _Grouping(
        "areas",
        "By area",
        "Cells",
        (_integer("area", "Area"),),
        lambda place: (place.width * place.height,),
        "{}".format,
    ),
    _Grouping(
        "rows",
        "By row",
        "Row",
        (_integer("y", "y"),),
        lambda place: (place.y,),
        lambda y: str(y + 1),
    ),
    _Grouping(
        "positions",
        "By position",
        "Row and column",
        (_integer("y", "y"), _integer("x", "x")),
        lambda place: (place.y, place.x),
        lambda y, x: f"{y + 1}, {x + 1}",
    ),
)


class Tiles(ReportKind[Parameters]):
    """Four queries, or five."""

    name: ClassVar = "tiles"
    title: ClassVar = "Tile performance"
    description: ClassVar = (
        "Clicks and click-through by size, area, row and position: what is a tile of 2 by 2 worth?"
    )
    reads: ClassVar = frozenset({Data.CLICKS, Data.LINKS})
    parameters: ClassVar = Parameters

    def result(self) -> Result:
        """The totals as facts, a table for each way to tell places apart."""
        asking = Asking(self.question)
        reading = read_tile_metrics(asking.scope.source, asking.period, asking.retention)
        asking.approximate(reading.approximate_before)
        spots = spots_of(reading, _live(asking))
        unit = grouped(spots, lambda place: (place.width, place.height)).get((1, 1), Spot())
        tables = [_table(self.question, each, grouped(spots, each.by), unit) for each in _GROUPINGS]
        return self.made(
            asking,
            facts=_facts(self.question, added(spot for _, spot in spots)),
            tables=tables,
            charts=[bars(each, each.columns[0], CLICK_THROUGH) for each in tables],
        )


def _live(asking: Asking) -> Iterator[tuple[int, Place]]:
    links = asking.scope.links.live().filter(created_on__lt=asking.period.until)
    for grid, *place in links.values_list("grid_id", "x", "y", "width", "height"):
        yield grid, Place(*place)


def _facts(question: Question, total: Spot) -> list[Fact]:
    values = {
        CLICKS: _clicks(question, total),
        _TILES: total.tiles,
        _EXPOSURES: total.exposures,
        CLICK_THROUGH: _rounded(total.click_through),
    }
    return [Fact(*column, value) for column, value in values.items()]


def _table(
    question: Question, grouping: _Grouping, groups: Mapping[Key | None, Spot], unit: Spot
) -> Table:
    keys, spots = list(groups), list(groups.values())
    clicks = [_clicks(question, spot) for spot in spots]
    columns: dict[Column, Sequence[Cell]] = {
        Column("label", grouping.label, CellType.TEXT): [
            grouping.shown(*key) if key else _UNKNOWN for key in keys
        ],
        **{
            column: [key[index] if key else None for key in keys]
            for index, column in enumerate(grouping.key)
        },
        _TILES: [spot.tiles for spot in spots],
        CLICKS: clicks,
        SHARE: shares(clicks),
        _EXPOSURES: [spot.exposures for spot in spots],
        CLICK_THROUGH: [_rounded(spot.click_through) for spot in spots],
        _WORTH: [_worth(spot, unit) for spot in spots],
    }
    key = tuple(column.name for column in grouping.key)
    return table(grouping.name, grouping.title, columns, key=key, note=_NOTE)


def _clicks(question: Question, spot: Spot) -> int:
    return spot.humans + spot.bots * question.include_bots


def _worth(spot: Spot, unit: Spot) -> float | None:
    rate, unit_rate = spot.click_through, unit.click_through
    return round(rate / unit_rate, 4) if rate is not None and unit_rate else None


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
