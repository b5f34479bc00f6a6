"""What a visit counts as: one number for its verdict and for whose first visit it is."""

from __future__ import annotations

from enum import IntEnum

from reports.clicks.storage.copy_format import BOOLEAN, SMALLINT, Fields
from reports.models import Verdict


class Outcome(IntEnum):
    """A first visit to the grid is one to the link as well, and both are a human's."""

    HUMAN = 0
    FIRST_ON_LINK = 1
    FIRST_ON_GRID = 2
    DUPLICATE = 3
    BOT = 4
    REFUSED = 5


# Which sums one more of each adds to.
COUNTED: dict[Outcome, tuple[str, ...]] = {
    Outcome.HUMAN: ("accepted", "humans"),
    Outcome.FIRST_ON_LINK: ("accepted", "humans", "link_visitors"),
    Outcome.FIRST_ON_GRID: ("accepted", "humans", "visitors", "link_visitors"),
    Outcome.DUPLICATE: ("accepted", "duplicates"),
    Outcome.BOT: ("accepted", "bots"),
    Outcome.REFUSED: ("accepted", "refused"),
}
_VERDICTS = {Outcome.DUPLICATE: Verdict.DUPLICATE, Outcome.BOT: Verdict.BOT}


def _fields(outcome: Outcome, *firsts: str) -> bytes:
    values = [_VERDICTS.get(outcome, Verdict.HUMAN), *(name in COUNTED[outcome] for name in firsts)]
    return Fields(SMALLINT + BOOLEAN * len(firsts)).pack(values)


# The columns that say it, by the outcome: verdict, is_first_on_grid and, of a click, is_first_on_link.
CLICK_FIELDS = [_fields(outcome, "visitors", "link_visitors") for outcome in Outcome]
VIEW_FIELDS = [_fields(outcome, "visitors") for outcome in Outcome]
