"""From events to visits: all that can be told of them without looking at other visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from struct import error as StructError

import msgpack

from grids.public.wire import Event, Flag, Group
from reports.clicks.enrichment import bots, campaigns, countries, languages, referrers, visitors
from reports.clicks.enrichment.agents import USER_AGENTS, AgentHeader
from reports.clicks.parsing.targets import PLACES, Place, place_of
from reports.clicks.storage.cache import Cache
from reports.clicks.storage.copy_format import SMALLINT, Fields, text

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Nothing was counted before; what says so comes from a clock that was not set.
_EARLIEST = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LEEWAY_MS = 300_000
_CACHED = 20_000
# More than any producer can have failed to keep, and as much as a column holds.
_MANY = 1 << 31
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Flagged:
    """What a visit is by its header and its flags; `fields` are its bot_reason, bot_rules and flags."""

    is_bot: bool
    fields: bytes


# Fields of COPY that belong together.
Parts = tuple[bytes, ...]
# The place, moment, visitor, what it is flagged as, header, country, referrer, language and campaign: no
# class, since a million of them are made.
Visit = tuple[Place, int, int | None, Flagged, AgentHeader, Parts, Parts, Parts, Parts]


@dataclass(frozen=True, slots=True)
class Refusal:
    """So many events that could not be read, as they came, and why."""

    events: int
    reason: str
    payload: bytes


@dataclass(slots=True)
class Readings:
    """What was read. `refused` counts, of what could not be, that of a known place and hour since 1970."""

    visits: list[Visit] = field(default_factory=list)
    refused: Counter[tuple[Place, int]] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse_all(self, reason: str, payload: bytes) -> Readings:
        """The same with no visit among them."""
        refused = self.refused + Counter((visit[0], visit[1] // HOUR_MS) for visit in self.visits)
        return Readings([], refused, [*self.refusals, Refusal(len(self.visits), reason, payload)])


class Reader:
    """Reads the groups of one batch. `now` is the database's, in milliseconds since 1970: what a producer's
    clock puts five minutes later than that, or before 2020, counts as of now, and in `stepped`."""

    def __init__(self, now: int) -> None:
        self.stepped = 0
        self._now, self._latest = now, now + _LEEWAY_MS
        # No longer than for a batch: salts are destroyed, and addresses are kept nowhere.
        self._salts = Cache(_salt, _CACHED)
        self._people = Cache(self._person, _CACHED)

    def read(self, group: Group) -> Readings:
        """Every event is either among the visits or among the refusals, or was not kept by the producer."""
        readings = Readings()
        self._read(group.events, readings)
        for (user, grid, link, hour), count in group.unkept.items():
            try:
                key = place_of(user, grid, link), self._moment(hour * 1000) // HOUR_MS
                readings.refused[key] += _positive(count)
            except _BROKEN as error:
                payload = msgpack.packb((user, grid, link, hour, count))
                readings.refusals.append(Refusal(told(count), f"Not kept: {error!r}", payload))
        return readings

    def _read(self, events: Iterable[Event], readings: Readings) -> None:
        # The innermost loop: without calls, but for what is met for the first time.
        add, people, latest = readings.visits.append, self._people, self._latest
        for event in events:
            try:
                target, at, address, agent, referrer, language, query, flags = event
                place, header = PLACES[target], USER_AGENTS[agent]
                if type(at) is not int or not _EARLIEST <= at <= latest:
                    at = self._moment(at)
                visitor, country = people[at // DAY_MS, place.user, address, agent]
                add(
                    (
                        place,
                        at,
                        None if flags & _DO_NOT_TRACK else visitor,
                        _FLAGGED[header.bot_reason, flags],
                        header,
                        country,
                        _REFERRERS[referrer],
                        _LANGUAGES[language],
                        _CAMPAIGNS[query],
                    )
                )
            except _BROKEN as error:
                self._refuse(event, error, readings)

    def _person(self, who: tuple[int, int, str, bytes]) -> tuple[int | None, Parts]:
        """Somebody who is met several times in a batch as a rule."""
        day, user, address, agent = who
        if type(address) is not str:
            raise TypeError(f"No address: {address!r}")
        salt = self._salts[day]
        visitor = None if salt is None else visitors.visitor(salt, user, address, agent)
        return visitor, _COUNTRIES[countries.country(address)]

    def _moment(self, at: int) -> int:
        if type(at) is not int:
            raise TypeError(f"No moment: {at!r}")
        if _EARLIEST <= at <= self._latest:
            return at
        self.stepped += 1
        return self._now

    def _refuse(self, event: Event, error: Exception, readings: Readings) -> None:
        payload = msgpack.packb(event)
        readings.refusals.append(Refusal(1, repr(error), payload))
        with suppress(*_BROKEN):
            key = PLACES[event.target], self._moment(event.at) // HOUR_MS
            readings.refused[key] += 1


# What an event of wrong types or values makes the above raise. A database that is away is not among it.
_BROKEN = (TypeError, ValueError, AttributeError, ArithmeticError, StructError)
_DO_NOT_TRACK = int(Flag.DO_NOT_TRACK)


def told(count: object) -> int:
    """How many events a count stands for; none, when it makes no sense."""
    return count if type(count) is int and 0 < count < _MANY else 0


def _positive(count: int) -> int:
    if not told(count):
        raise ValueError(f"No count: {count!r}")
    return count


def _salt(day: int) -> bytes | None:
    return visitors.salt_of(date.fromordinal(_EPOCH + day))


def _sent(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise TypeError(f"No bytes: {value!r}")
    return value


def _flagged(key: tuple[str, int]) -> Flagged:
    agent_reason, flags = key
    if type(flags) is not int or flags < 0:
        raise ValueError(f"No flags: {flags!r}")
    reason = agent_reason or bots.request_reason(flags)
    fields = text(reason, 64) + _NUMBERS.pack((bots.RULES_VERSION, flags))
    return Flagged(bool(reason), fields)


_NUMBERS = Fields(SMALLINT * 2)
_FLAGGED = Cache(_flagged, _CACHED)
_COUNTRIES: Cache[str, Parts] = Cache(lambda code: (text(code, 2),), _CACHED)
_REFERRERS: Cache[bytes, Parts] = Cache(
    lambda sent: (text(referrers.referrer_host(_sent(sent)), 255),), _CACHED
)
_LANGUAGES: Cache[bytes, Parts] = Cache(
    lambda sent: (text(languages.language(_sent(sent)), 16),), _CACHED
)
_CAMPAIGNS: Cache[bytes, Parts] = Cache(
    lambda sent: tuple(text(value, 255) for value in campaigns.campaign(_sent(sent))), _CACHED
)
