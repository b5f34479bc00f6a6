"""Report how tiles perform by position and size.

An exposure of a tile is a human view of its grid. Rollups store where a tile lay when it was clicked, not for
how long: each tile counts with all views of its grid in the period, at every place at which it was clicked,
and where it lies now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from reports.analytics.lookups import TileMetrics, read_tile_metrics
from reports.analytics.metrics import ZERO, Metrics, click_through_rate, sum_metrics
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind, ReportQuery
from reports.reporting.kinds.parameters import Parameters
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Table

_TILES = Column("tiles", "Tiles", CellType.INTEGER)
_EXPOSURES = Column("exposures", "Exposures", CellType.INTEGER)
_WORTH = Column("worth", "Worth", CellType.NUMBER)
_UNKNOWN = "unknown"
_NOTE = (
    "Exposures are views of each tile's grid; click-through is human clicks per exposure. Worth is"
    " click-through as a multiple of that of tiles of one cell."
)


class Placement(NamedTuple):
    """Represent position and size of a tile, in cells."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the placement from "x,y,width,height"; None for what another version stored."""
        cells = [int(cell) for cell in text.split(",") if cell.isdecimal()]
        return cls(*cells) if len(cells) == len(cls._fields) else None

    @property
    def area(self) -> int:
        """Return the number of cells."""
        return self.width * self.height


Key = tuple[int, ...]
Placed = tuple[Placement | None, Metrics]
Groups = Mapping[Key | None, Sequence[Metrics]]


class _Grouping(NamedTuple):
    """Describe a table of placements grouped by attributes, whose titles are given."""

    name: str
    title: str
    label: str
    attributes: dict[str, str]
    format: Callable[..., str]

    def key(self, placement: Placement) -> Key:
        """Return the placement's values of the attributes."""
        return tuple(getattr(placement, name) for name in self.attributes)


_SIZES = _Grouping(
    "sizes", "By size", "Size", {"width": "Width", "height": "Height"}, "{} by {}".format
)
_GROUPINGS = (
    _SIZES,
    _Grouping("areas", "By area", "Cells", {"area": "Area"}, "{}".format),
    _Grouping("rows", "By row", "Row", {"y": "y"}, lambda y: str(y + 1)),
    _Grouping(
        "positions",
        "By position",
        "Row and column",
        {"y": "y", "x": "x"},
        lambda y, x: f"{y + 1}, {x + 1}",
    ),
)


class Tiles(ReportKind):
    """Report tiles in four or five queries."""

    name = "tiles"
    title = "Tile performance"
    description = (
        "Clicks and click-through by size, area, row and position: what is a tile of 2 by 2 worth?"
    )
    reads = frozenset({DataSource.CLICKS, DataSource.LINKS})
    parameters = Parameters

    def result(self) -> Result:
        """Return the totals as facts, a table for each grouping."""
        reader, query = MetricsReader(self.query), self.query
        metrics = read_tile_metrics(reader.scope.source, reader.period, reader.retention)
        reader.note_approximate(metrics.approximate_before)
        placed = _placed(metrics, _live(reader))
        unit = sum_metrics(_groups(placed, _SIZES.key).get((1, 1), ()))
        tables = [_table(query, each, _groups(placed, each.key), unit) for each in _GROUPINGS]
        total = sum_metrics(found for _, found in placed)
        values = {
            build.CLICKS: build.clicks_of(total, query),
            _TILES: sum(1 for placement, _ in placed if placement),
            _EXPOSURES: total.views,
            build.CLICK_THROUGH: click_through_rate(total, total.views),
        }
        return self.build_result(
            reader,
            facts=[Fact(*column, value) for column, value in values.items()],
            tables=tables,
            charts=[build.bar_chart(each, each.columns[0], build.CLICK_THROUGH) for each in tables],
        )


def _live(reader: MetricsReader) -> Iterator[tuple[int, Placement]]:
    links = reader.scope.links.live().filter(created_on__lt=reader.period.until)
    for grid, *placement in links.values_list("grid_id", "x", "y", "width", "height"):
        yield grid, Placement(*placement)


def _table(query: ReportQuery, grouping: _Grouping, groups: Groups, unit: Metrics) -> Table:
    totals = [sum_metrics(each) for each in groups.values()]
    clicks = [build.clicks_of(each, query) for each in totals]
    label = Column("label", grouping.label, CellType.TEXT)
    columns: build.Columns = {
        label: [grouping.format(*key) if key else _UNKNOWN for key in groups],
        **{
            Column(name, title, CellType.INTEGER): [key[i] if key else None for key in groups]
            for i, (name, title) in enumerate(grouping.attributes.items())
        },
        _TILES: [len(each) if key else 0 for key, each in groups.items()],
        build.CLICKS: clicks,
        build.SHARE: build.shares(clicks),
        _EXPOSURES: [each.views for each in totals],
        build.CLICK_THROUGH: [click_through_rate(each, each.views) for each in totals],
        _WORTH: [_worth(each, unit) for each in totals],
    }
    key = tuple(grouping.attributes)
    return build.table(grouping.name, grouping.title, columns, key=key, note=_NOTE)


def _worth(totals: Metrics, unit: Metrics) -> float | None:
    """Return the quotient of both click-through rates, if there are both."""
    if not unit.views:
        return None
    return build.ratio(totals.humans * unit.views, unit.humans * totals.views)


def _placed(metrics: TileMetrics, live: Iterable[tuple[int, Placement]]) -> list[Placed]:
    """Return the metrics of each tile that was clicked or is there now.

    Their views are exposures. `live` are the tiles there now, by primary key of the grid. Clicks without a
    known placement come last.
    """
    clicks: dict[tuple[int, Placement], Metrics] = {}
    unknown = [metrics.not_kept]
    for (grid, text), found in metrics.tiles.items():
        if placement := Placement.parse(text):
            clicks[grid, placement] = found
        else:
            unknown.append(found)
    placed: list[Placed] = []
    for grid, placement in sorted({*clicks, *live}):
        found = clicks.get((grid, placement), ZERO)
        exposures = metrics.views.get(grid, 0)
        placed.append((placement, found._replace(views=exposures)))
    rest = [each._replace(views=0) for each in unknown if each.humans or each.bots]
    return [*placed, *((None, each) for each in rest)]


def _groups(placed: Iterable[Placed], by: Callable[[Placement], Key]) -> Groups:
    """Group the metrics by key in order; None, for those without a placement, is last."""
    groups: defaultdict[Key | None, list[Metrics]] = defaultdict(list)
    for placement, found in placed:
        groups[by(placement) if placement else None].append(found)
    return {key: groups[key] for key in sorted(groups, key=lambda key: (key is None, key or ()))}
