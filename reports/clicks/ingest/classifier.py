"""From visits, in their order, to the rows that are stored of them and what is added to the sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct

from reports.clicks.ingest.deduplication import Key, Seen
from reports.clicks.parsing.outcomes import CLICK_FIELDS, VIEW_FIELDS, Outcome
from reports.clicks.parsing.targets import Place
from reports.clicks.parsing.visits import DAY_MS, HOUR_MS, Visit
from reports.clicks.rollups.rollups import Ledger, Spot
from reports.clicks.storage.copy_format import moment

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
    """Takes visits in; `agents` are the keys of their headers. The rows of COPY are in `clicks` and `views`,
    what is added to the sums in `ledger`, and what changes of visitors in `seen`."""

    def __init__(self, seen: Seen, agents: Mapping[bytes, int]) -> None:
        self.ledger = Ledger()
        self.clicks: list[bytes] = []
        self.views: list[bytes] = []
        self.seen = seen
        self._agents = {sent: _KEY.pack(4, key) for sent, key in agents.items()}

    def take(self, visits: Sequence[Visit], visitors: Sequence[Key | None]) -> None:
        """Judge visits; their visitors are as `visitors_of` gives them."""
        # The innermost loop: its names are local, and its rows put together by one call.
        join, agents, again, details = b"".join, self._agents, self.seen.outcome, self.ledger.clicks
        known, unknown = _MOMENT_AND_VISITOR.pack, _MOMENT_AND_NULL.pack
        clicks, views, spots = self.clicks.append, self.views.append, list[Spot]()
        for visit, key in zip(visits, visitors, strict=True):
            place, at, visitor, flagged, header, country, referrer, language, campaign = visit
            hour = at // HOUR_MS
            outcome = again(key, place.link, at) if key else (_BOT if flagged.is_bot else _HUMAN)
            spots.append((place, hour, outcome))
            on = moment(at)
            when = unknown(8, on, -1) if visitor is None else known(8, on, 8, visitor)
            told = (flagged.fields, agents[header.raw], *country, *referrer, *language, *campaign)
            if place.link:
                details[place.grid, hour // 24, outcome].append(visit)
                clicks(join((place.head, when, CLICK_FIELDS[outcome], *told)))
            else:
                views(join((place.head, when, VIEW_FIELDS[outcome], *told)))
        self.ledger.spots.update(spots)

    def refuse(self, refused: Mapping[tuple[Place, int], int]) -> None:
        """Count what there are no rows of, by place and hour since 1970."""
        for (place, hour), count in refused.items():
            self.ledger.spots[place, hour, Outcome.REFUSED] += count


# A member of an enumeration is found more slowly than a name.
_BOT, _HUMAN = Outcome.BOT, Outcome.HUMAN
