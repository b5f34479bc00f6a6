"""The kinds of report, by name."""

from __future__ import annotations

from typing import Any

from reports.kinds.base import ReportKind
from reports.kinds.breakdown import Breakdown
from reports.kinds.changes import Changes
from reports.kinds.ledger import Ledger
from reports.kinds.link_health import LinkHealth
from reports.kinds.summary import Summary
from reports.kinds.tiles import Tiles
from reports.kinds.top import Top
from reports.kinds.traffic import Traffic

_ALL: tuple[type[ReportKind[Any]], ...] = (
    Summary,
    Traffic,
    Top,
    Breakdown,
    Tiles,
    LinkHealth,
    Changes,
    Ledger,
)
KINDS: dict[str, type[ReportKind[Any]]] = {kind.name: kind for kind in _ALL}
NAMES = list(KINDS)
