"""Classify visits in their order, and put together the rows that are stored of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct

from reports.clicks.ingest.deduplication import VisitorHistory, VisitorKey
from reports.clicks.parsing.outcomes import CLICK_FIELDS, VIEW_FIELDS, Outcome
from reports.clicks.parsing.targets import ParsedTarget
from reports.clicks.parsing.visits import DAY_MS, HOUR_MS, Visit
from reports.clicks.rollups.collector import RollupCollector, RollupKey
from reports.clicks.storage.copy_format import EPOCH_MS

# Fields of COPY: the time and the visitor, who may be NULL, and the header's id.
_TIME_AND_VISITOR, _TIME_AND_NULL = Struct("!iqiq"), Struct("!iqi")
_AGENT_ID = Struct("!ii")


def visitor_keys(visits: Iterable[Visit]) -> list[VisitorKey | None]:
    """Return the visitor of each visit; None for bots and those not to be recognised."""
    return [
        None if visitor is None or check.is_bot else (at // DAY_MS, target.grid, visitor)
        for target, at, visitor, check, *_ in visits
    ]


class Classifier:
    """Give each visit an outcome; collect rows of COPY and additions to the roll-ups."""

    def __init__(self, history: VisitorHistory, agent_ids: Mapping[bytes, int]) -> None:
        self.rollups = RollupCollector()
        self.clicks: list[bytes] = []
        self.views: list[bytes] = []
        self.history = history
        self._agents = {raw: _AGENT_ID.pack(4, key) for raw, key in agent_ids.items()}

    def classify(self, visits: Sequence[Visit], keys: Sequence[VisitorKey | None]) -> None:
        """Classify visits, whose visitors are as `visitor_keys` returns them."""
        # The innermost loop: its names are local, and each row is put together by one call.
        join, agents, known_outcome = b"".join, self._agents, self.history.outcome
        with_visitor, without_visitor = _TIME_AND_VISITOR.pack, _TIME_AND_NULL.pack
        add_click, add_view, details = self.clicks.append, self.views.append, self.rollups.clicks
        rollup_keys: list[RollupKey] = []
        for visit, key in zip(visits, keys, strict=True):
            target, at, visitor, check, header, country, referrer, language, campaign = visit
            hour, link = at // HOUR_MS, target.link
            outcome = known_outcome(key, link, at) if key else (_BOT if check.is_bot else _HUMAN)
            rollup_keys.append((target, hour, outcome))
            time = (at - EPOCH_MS) * 1000  # pg_timestamp, without a call
            when = (
                without_visitor(8, time, -1)
                if visitor is None
                else with_visitor(8, time, 8, visitor)
            )
            rest = (check.fields, agents[header.raw], *country, *referrer, *language, *campaign)
            if link:
                details[target.grid, hour // 24, outcome].append(visit)
                add_click(join((target.row_start, when, CLICK_FIELDS[outcome], *rest)))
            else:
                add_view(join((target.row_start, when, VIEW_FIELDS[outcome], *rest)))
        self.rollups.counts.update(rollup_keys)

    def add_refused(self, refused: Mapping[tuple[ParsedTarget, int], int]) -> None:
        """Count events without a row, by target and hour since 1970."""
        for (target, hour), count in refused.items():
            self.rollups.counts[target, hour, Outcome.REFUSED] += count


# A member of an enumeration is found more slowly than a name.
_BOT, _HUMAN = Outcome.BOT, Outcome.HUMAN
