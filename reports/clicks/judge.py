"""From visits, in their order, to the rows that are stored of them and what is added to the sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from struct import Struct
from typing import Any

from reports.clicks import columns
from reports.clicks.binary import copy, moment
from reports.clicks.outcomes import CLICK_FIELDS, VIEW_FIELDS, Outcome
from reports.clicks.places import Place
from reports.clicks.rollups import Ledger
from reports.clicks.seen import Key, Seen
from reports.clicks.sums import Table
from reports.clicks.visits import DAY_MS, HOUR_MS, Parts, Visit

# Fields of COPY: the moment and the visitor, who may be NULL, and the header's key.
_MOMENT_AND_VISITOR, _MOMENT_AND_NULL = Struct("!iqiq"), Struct("!iqi")
_KEY = Struct("!ii")


def visitors_of(visits: Iterable[Visit]) -> list[Key | None]:
    """Of each visit the visitor, if it matters when he or she came before: that of bots does not."""
    return [
        None if visitor is None or flagged.is_bot else (at // DAY_MS, place.grid, visitor)
        for place, at, visitor, flagged, *_ in visits
    ]


class Judge:
    """Takes visits in; `agents` are the keys of their headers. What comes of them is in `ledger` and, as rows
    of COPY, in `clicks` and `views`."""

    def __init__(self, seen: Seen, agents: Mapping[bytes, int]) -> None:
        self.ledger = Ledger()
        self.clicks: list[bytes] = []
        self.views: list[bytes] = []
        self._seen = seen
        self._judged: tuple[Sequence[Visit], Sequence[Outcome]] = ((), ())
        self._agents = {sent: _KEY.pack(4, key) for sent, key in agents.items()}

    def take(self, visits: Sequence[Visit], visitors: Sequence[Key | None]) -> None:
        """Judge all the visits there are; their visitors are as `visitors_of` gives them."""
        again = self._seen.outcome
        outcomes = [
            again(visitor, visit[0].link, visit[1])
            if visitor
            else (_BOT if visit[3].is_bot else _HUMAN)
            for visit, visitor in zip(visits, visitors, strict=True)
        ]
        self._write_rows(visits, outcomes)
        self._judged = visits, outcomes

    def refuse(self, refused: Mapping[tuple[Place, int], int]) -> None:
        """Count what there are no rows of, by place and hour since 1970."""
        for (place, hour), count in refused.items():
            self.ledger.spots[place, hour, Outcome.REFUSED] += count

    def store(self, cursor: Any) -> None:
        """Put it all into the database."""
        with ThreadPoolExecutor(1, thread_name_prefix="sums") as beside:
            # While the database is busy with the rows.
            additions = beside.submit(self._additions)
            copy(cursor, "reports_click", columns.CLICK, self.clicks)
            copy(cursor, "reports_view", columns.VIEW, self.views)
            self._seen.write(cursor)
        for table, rows in additions.result():
            table.add(cursor, rows)

    def _additions(self) -> list[tuple[Table, list[bytes]]]:
        self._tally(*self._judged)
        return self.ledger.additions()

    def _write_rows(self, visits: Sequence[Visit], outcomes: Sequence[Outcome]) -> None:
        # The innermost loop: its names are local, and its rows put together by one call.
        join, agents, add_click, add_view = (
            b"".join,
            self._agents,
            self.clicks.append,
            self.views.append,
        )
        known, unknown = _MOMENT_AND_VISITOR.pack, _MOMENT_AND_NULL.pack
        for visit, outcome in zip(visits, outcomes, strict=True):
            place, at, visitor, flagged, header, country, referrer, language, campaign = visit
            on = moment(at)
            when = unknown(8, on, -1) if visitor is None else known(8, on, 8, visitor)
            told = (flagged.fields, agents[header.sent], *country, *referrer, *language, *campaign)
            if place.link:
                add_click(join((place.head, when, CLICK_FIELDS[outcome], *told)))
            else:
                add_view(join((place.head, when, VIEW_FIELDS[outcome], *told)))

    def _tally(self, visits: Sequence[Visit], outcomes: Sequence[Outcome]) -> None:
        spots = [
            (visit[0], visit[1] // HOUR_MS, outcome)
            for visit, outcome in zip(visits, outcomes, strict=True)
        ]
        self.ledger.spots.update(spots)
        shades = [(place.grid, hour // 24, outcome) for place, hour, outcome in spots if place.link]
        clicks = [visit for visit in visits if visit[0].link]
        details: list[list[Parts]] = [
            [visit[4].parts for visit in clicks],
            [visit[5] for visit in clicks],
            [visit[6] for visit in clicks],
            [visit[7] for visit in clicks],
            [visit[8] for visit in clicks],
        ]
        for tally, parts in zip(self.ledger.values, details, strict=True):
            tally.update(zip(shades, parts, strict=True))


# A member of an enumeration is found more slowly than a name.
_BOT, _HUMAN = Outcome.BOT, Outcome.HUMAN
