"""What a visitor's visits of a day are when they are looked at again, in the order of their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reports.models import Verdict


class Stored(NamedTuple):
    """A visit as it is stored; of a view, `link` is 0."""

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
    """The visits that are to be stored otherwise, and when each link last had one that is no duplicate."""

    grid: int
    visitor: int
    changed: list[Stored]
    last_on: dict[int, datetime]


def replay(visits: Sequence[Stored], window: int) -> Replayed:
    """Judge all visits of one visitor to one grid on one UTC day, in their order: bots stay what they are; a
    visit less than `window` seconds after the link's last one that was none itself is a duplicate."""
    last_on: dict[int, datetime] = {}
    changed = []
    for visit in visits:
        new = visit
        if visit.verdict != Verdict.BOT:
            last = last_on.get(visit.link)
            is_again = last is not None and visit.at - last < timedelta(seconds=window)
            new = visit._replace(
                verdict=int(Verdict.DUPLICATE if is_again else Verdict.HUMAN),
                is_first_on_grid=not last_on,
                is_first_on_link=bool(visit.link) and last is None,
            )
            if not is_again:
                last_on[visit.link] = visit.at
        if new != visit:
            changed.append(new)
    return Replayed(visits[0].grid, visits[0].visitor, changed, last_on)
