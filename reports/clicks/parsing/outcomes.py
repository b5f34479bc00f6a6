"""Define what a visit counts as: its verdict, and whether it is a first visit."""

from __future__ import annotations

from enum import IntEnum

from reports.clicks.storage.copy_format import BOOLEAN, SMALLINT, Fields
from reports.models import Verdict


class Outcome(IntEnum):
    """Enumerate outcomes; the first visit to a grid is one to the link too."""

    HUMAN = 0
    FIRST_ON_LINK = 1
    FIRST_ON_GRID = 2
    DUPLICATE = 3
    BOT = 4
    REFUSED = 5


# The sums to which one visit of each outcome adds.
SUMS: dict[Outcome, tuple[str, ...]] = {
    Outcome.HUMAN: ("accepted", "humans"),
    Outcome.FIRST_ON_LINK: ("accepted", "humans", "link_visitors"),
    Outcome.FIRST_ON_GRID: ("accepted", "humans", "visitors", "link_visitors"),
    Outcome.DUPLICATE: ("accepted", "duplicates"),
    Outcome.BOT: ("accepted", "bots"),
    Outcome.REFUSED: ("accepted", "refused"),
}
_VERDICTS = {Outcome.DUPLICATE: Verdict.DUPLICATE, Outcome.BOT: Verdict.BOT}


def _fields(outcome: Outcome, *firsts: str) -> bytes:
    values = [_VERDICTS.get(outcome, Verdict.HUMAN), *(name in SUMS[outcome] for name in firsts)]
    return Fields(SMALLINT + BOOLEAN * len(firsts)).pack(values)


# By outcome, the fields of verdict, is_first_on_grid and, for a click, is_first_on_link.
CLICK_FIELDS = [_fields(outcome, "visitors", "link_visitors") for outcome in Outcome]
VIEW_FIELDS = [_fields(outcome, "visitors") for outcome in Outcome]
