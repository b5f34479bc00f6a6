"""Replay a visitor's visits of a day, to tell first visits and duplicates again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reports.models import Verdict


class StoredVisit(NamedTuple):
    """Represent a visit as it is stored; of a view, `link` is 0."""

    grid: int
    visitor: int
    link: int
    at: datetime
    id: int
    verdict: int
    is_first_on_grid: bool
    is_first_on_link: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """Hold the visits that change, and each link's last visit that is no duplicate."""

    grid: int
    visitor: int
    changed: list[StoredVisit]
    last_on: dict[int, datetime]


def replay(visits: Sequence[StoredVisit], window: int) -> Replayed:
    """Classify one visitor's visits to one grid on one UTC day, in order.

    Bots stay what they are. A visit less than `window` seconds after the link's last visit that was no
    duplicate is a duplicate.
    """
    last_on: dict[int, datetime] = {}
    changed = []
    for visit in visits:
        new = visit
        if visit.verdict != Verdict.BOT:
            last = last_on.get(visit.link)
            is_duplicate = last is not None and visit.at - last < timedelta(seconds=window)
            new = visit._replace(
                verdict=int(Verdict.DUPLICATE if is_duplicate else Verdict.HUMAN),
                is_first_on_grid=not last_on,
                is_first_on_link=bool(visit.link) and last is None,
            )
            if not is_duplicate:
                last_on[visit.link] = visit.at
        if new != visit:
            changed.append(new)
    return Replayed(visits[0].grid, visits[0].visitor, changed, last_on)
