"""List the kinds of reports; each is a ReportKind in a module of its own."""

from __future__ import annotations

from gridlink.lib.errors import Invalid
from reports.reporting.kinds.base import ReportKind
from reports.reporting.kinds.breakdown import Breakdown
from reports.reporting.kinds.ledger import Ledger
from reports.reporting.kinds.link_changes import LinkChanges
from reports.reporting.kinds.link_health import LinkHealth
from reports.reporting.kinds.summary import Summary
from reports.reporting.kinds.tiles import Tiles
from reports.reporting.kinds.top import Top
from reports.reporting.kinds.traffic import Traffic

_ALL: tuple[type[ReportKind], ...] = (
    Summary,
    Traffic,
    Top,
    Breakdown,
    Tiles,
    LinkHealth,
    LinkChanges,
    Ledger,
)
KINDS: dict[str, type[ReportKind]] = {kind.name: kind for kind in _ALL}
NAMES = list(KINDS)


def kind_named(name: str) -> type[ReportKind]:
    """Return the kind; raises Invalid, naming the field `kind`, if there is none."""
    if name not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise Invalid(
            f"There is no kind of report {name!r}.", fields={"kind": [f"Choose one of: {known}."]}
        )
    return KINDS[name]
