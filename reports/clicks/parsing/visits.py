"""Parse events into visits, each without regard to other visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from struct import error as StructError
from typing import Final

import msgpack

from grids.public.wire import Event, Flag, Group
from reports.clicks.enrichment import bots, campaigns, countries, languages, referrers, visitors
from reports.clicks.enrichment.agents import USER_AGENTS, AgentHeader
from reports.clicks.parsing.targets import TARGETS, ParsedTarget, target_without_tile
from reports.clicks.storage.cache import Cache
from reports.clicks.storage.copy_format import SMALLINT, Fields, text_field

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# No click was counted before: an earlier time comes from a clock that was not set.
_EARLIEST = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LEEWAY_MS = 300_000
_CACHED = 20_000
# More than any producer can have failed to keep, and as much as a column holds.
_COUNT_LIMIT = 1 << 31
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class BotCheck:
    """Hold whether a visit is a bot's, and its fields bot_reason, bot_rules and flags."""

    is_bot: bool
    fields: bytes


# Fields of COPY that belong together.
CopyFields = tuple[bytes, ...]
# The target, time, visitor, bot check, header, country, referrer, language and campaign. A plain tuple:
# a million are made and unpacked twice, which takes a NamedTuple three times as long.
Visit = tuple[
    ParsedTarget,
    int,
    int | None,
    BotCheck,
    AgentHeader,
    CopyFields,
    CopyFields,
    CopyFields,
    CopyFields,
]
TIME: Final = 1
HEADER: Final = 4


@dataclass(frozen=True, slots=True)
class Refusal:
    """Hold how many events could not be read, why, and their payload as it came."""

    events: int
    reason: str
    payload: bytes


@dataclass(slots=True)
class ParsedEvents:
    """Hold the visits, and what could not be read."""

    visits: list[Visit] = field(default_factory=list)
    # Unreadable events of a known target, and hour since 1970.
    refused: Counter[tuple[ParsedTarget, int]] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse_all(self, reason: str, payload: bytes) -> ParsedEvents:
        """Return the same with every visit refused."""
        refused = self.refused + Counter((v[0], v[TIME] // HOUR_MS) for v in self.visits)
        return ParsedEvents(
            [], refused, [*self.refusals, Refusal(len(self.visits), reason, payload)]
        )


class EventParser:
    """Parse the groups of one batch.

    `now` is the database's time in milliseconds since 1970. An event that is more than five minutes later,
    or before 2020, comes from a wrong clock: it counts as of now, and in `bad_clock`.
    """

    def __init__(self, now: int) -> None:
        self.bad_clock = 0
        self._now, self._latest = now, now + _LEEWAY_MS
        # No longer than for a batch: salts are destroyed, and addresses are never stored.
        self._salts = Cache(_salt, _CACHED)
        self._people = Cache(self._person, _CACHED)

    def parse(self, group: Group) -> ParsedEvents:
        """Return the visits of a group, and its events without a visit."""
        parsed = ParsedEvents()
        self._parse_events(group.events, parsed)
        for (user, grid, link, hour), count in group.unkept.items():
            try:
                key = target_without_tile(user, grid, link), self._time(hour * 1000) // HOUR_MS
                if not valid_count(count):
                    raise ValueError(f"No count: {count!r}")
                parsed.refused[key] += count
            except _INVALID as error:
                payload = msgpack.packb((user, grid, link, hour, count))
                refusal = Refusal(valid_count(count), f"Not kept: {error!r}", payload)
                parsed.refusals.append(refusal)
        return parsed

    def _parse_events(self, events: Iterable[Event], parsed: ParsedEvents) -> None:
        # The innermost loop calls no function, but for values that are not cached.
        add, people, latest = parsed.visits.append, self._people, self._latest
        for event in events:
            try:
                sent_target, at, address, agent, referrer, language, query, flags = event
                target, header = TARGETS[sent_target], USER_AGENTS[agent]
                if type(at) is not int or not _EARLIEST <= at <= latest:
                    at = self._time(at)
                visitor, country = people[at // DAY_MS, target.user, address, agent]
                add(
                    (
                        target,
                        at,
                        None if flags & _DO_NOT_TRACK else visitor,
                        _BOT_CHECKS[header.bot_reason, flags],
                        header,
                        country,
                        _REFERRERS[referrer],
                        _LANGUAGES[language],
                        _CAMPAIGNS[query],
                    )
                )
            except _INVALID as error:
                self._refuse(event, error, parsed)

    def _person(self, key: tuple[int, int, str, bytes]) -> tuple[int | None, CopyFields]:
        """Return visitor hash and country, cached since most people come several times in a batch."""
        day, user, address, agent = key
        if type(address) is not str:
            raise TypeError(f"No address: {address!r}")
        salt = self._salts[day]
        visitor = None if salt is None else visitors.visitor(salt, user, address, agent)
        return visitor, _COUNTRIES[countries.country(address)]

    def _time(self, at: int) -> int:
        if type(at) is not int:
            raise TypeError(f"No moment: {at!r}")
        if _EARLIEST <= at <= self._latest:
            return at
        self.bad_clock += 1
        return self._now

    def _refuse(self, event: Event, error: Exception, parsed: ParsedEvents) -> None:
        parsed.refusals.append(Refusal(1, repr(error), msgpack.packb(event)))
        with suppress(*_INVALID):
            parsed.refused[TARGETS[event.target], self._time(event.at) // HOUR_MS] += 1


# What an event with wrong types or values raises above. Database errors are not among it.
_INVALID = (TypeError, ValueError, AttributeError, ArithmeticError, StructError)
_DO_NOT_TRACK = int(Flag.DO_NOT_TRACK)


def valid_count(count: object) -> int:
    """Return the count of events, or 0 for anything but a number in range."""
    return count if type(count) is int and 0 < count < _COUNT_LIMIT else 0


def _salt(day: int) -> bytes | None:
    return visitors.salt_of(date.fromordinal(_EPOCH + day))


def _bytes(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise TypeError(f"No bytes: {value!r}")
    return value


def _bot_check(key: tuple[str, int]) -> BotCheck:
    agent_reason, flags = key
    if type(flags) is not int or flags < 0:
        raise ValueError(f"No flags: {flags!r}")
    reason = agent_reason or bots.request_reason(flags)
    fields = text_field(reason, 64) + _RULES_AND_FLAGS.pack((bots.RULES_VERSION, flags))
    return BotCheck(bool(reason), fields)


def _cached(read: Callable[[bytes], Iterable[str]], limit: int) -> Cache[bytes, CopyFields]:
    """Return a cache of what `read` finds in a header, as fields of COPY."""
    return Cache(
        lambda raw: tuple(text_field(value, limit) for value in read(_bytes(raw))), _CACHED
    )


_RULES_AND_FLAGS = Fields(SMALLINT * 2)
_BOT_CHECKS = Cache(_bot_check, _CACHED)
_COUNTRIES = Cache[str, CopyFields](lambda code: (text_field(code, 2),), _CACHED)
_REFERRERS = _cached(lambda raw: [referrers.referrer_host(raw)], 255)
_LANGUAGES = _cached(lambda raw: [languages.language(raw)], 16)
_CAMPAIGNS = _cached(campaigns.campaign, 255)
