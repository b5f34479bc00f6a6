"""From visits, in their order, to the rows that are stored of them and what is added to the sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any

from reports.clicks import columns
from reports.clicks.beside import Beside
from reports.clicks.binary import copy, moment
from reports.clicks.outcomes import CLICK_FIELDS, VIEW_FIELDS, Outcome
from reports.clicks.places import Place
from reports.clicks.rollups import Ledger
from reports.clicks.seen import Key, Seen
from reports.clicks.sums import Table
from reports.clicks.visits import DAY_MS, HOUR_MS, Visit

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
    """Takes visits in; `agents` are the keys of their headers. What is added to the sums is in `ledger`."""

    def __init__(self, seen: Seen, agents: Mapping[bytes, int]) -> None:
        self.ledger = Ledger()
        self._seen = seen
        self._judged: list[tuple[Visit, Outcome]] = []
        self._agents = {sent: _KEY.pack(4, key) for sent, key in agents.items()}

    def take(self, visits: Sequence[Visit], visitors: Sequence[Key | None]) -> None:
        """Judge all the visits there are; their visitors are as `visitors_of` gives them."""
        again = self._seen.outcome
        self._judged = [
            (
                visit,
                again(visitor, visit[0].link, visit[1])
                if visitor
                else (_BOT if visit[3].is_bot else _HUMAN),
            )
            for visit, visitor in zip(visits, visitors, strict=True)
        ]

    def refuse(self, refused: Mapping[tuple[Place, int], int]) -> None:
        """Count what there are no rows of, by place and hour since 1970."""
        for (place, hour), count in refused.items():
            self.ledger.spots[place, hour, Outcome.REFUSED] += count

    def store(self, cursor: Any, beside: Beside[Any]) -> None:
        """Put it all into the database; the sums are made by another thread."""
        # While the database is busy with the rows.
        additions = beside.submit(self._additions)
        clicks = (visit for visit in self._judged if visit[0][0].link)
        copy(cursor, "reports_click", columns.CLICK, self._rows(clicks, CLICK_FIELDS))
        views = (visit for visit in self._judged if not visit[0][0].link)
        copy(cursor, "reports_view", columns.VIEW, self._rows(views, VIEW_FIELDS))
        self._seen.write(cursor)
        for table, rows in additions.result():
            table.add(cursor, rows)

    def _additions(self) -> list[tuple[Table, list[bytes]]]:
        self._tally()
        return self.ledger.additions()

    def _rows(
        self, judged: Iterable[tuple[Visit, Outcome]], counted: Sequence[bytes]
    ) -> Iterator[bytes]:
        # The innermost loop: its names are local, and its rows put together by one call.
        join, agents = b"".join, self._agents
        known, unknown = _MOMENT_AND_VISITOR.pack, _MOMENT_AND_NULL.pack
        for visit, outcome in judged:
            place, at, visitor, flagged, header, country, referrer, language, campaign = visit
            on = moment(at)
            when = unknown(8, on, -1) if visitor is None else known(8, on, 8, visitor)
            told = (flagged.fields, agents[header.sent], *country, *referrer, *language, *campaign)
            yield join((place.head, when, counted[outcome], *told))

    def _tally(self) -> None:
        spots, clicks = [], self.ledger.clicks
        for visit, outcome in self._judged:
            place, hour = visit[0], visit[1] // HOUR_MS
            spots.append((place, hour, outcome))
            if place.link:
                clicks[place.grid, hour // 24, outcome].append(visit)
        self.ledger.spots.update(spots)


# A member of an enumeration is found more slowly than a name.
_BOT, _HUMAN = Outcome.BOT, Outcome.HUMAN
