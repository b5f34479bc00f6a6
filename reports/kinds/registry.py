"""The kinds of report, by name."""

from __future__ import annotations

from typing import Any

from reports.kinds.base import ReportKind
from reports.kinds.traffic import Traffic

KINDS: dict[str, type[ReportKind[Any]]] = {kind.name: kind for kind in (Traffic,)}
