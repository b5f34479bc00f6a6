"""Write generated clicks to a stream as `public` processes do, reproducibly.

Few links get most of the clicks. People come in sessions: they click some links of one grid within minutes,
now and then the same one twice. Bots click any link. Only the dates depend on today.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from time import time

from redis import Redis

from grids.public import wire
from grids.public.wire import Event, Group, Kind, Target

_DAYS = 3
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_USERS, _GRIDS, _LINKS = 100, 300, 5_000
_VISITORS, _AGENTS = 200_000, 2_000
# Of a thousand.
_OF_BOTS, _WITH_CAMPAIGN, _TWICE = 50, 100, 40
_GROUP, _PRODUCERS = 200, 4
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{major}.0.{minor}.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/{low}.{minor} Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS {low}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/{low}.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android {low}; SM-G99{minor}B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{major}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.{minor}",
)
_BOTS = (
    b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    b"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    b"curl/8.5.0",
)
_REFERRERS = (
    b"", b"", b"https://www.google.com/", b"https://t.co/k2Jq%d", b"https://www.reddit.com/r/list%d/",
    b"https://news.ycombinator.com/item?id=%d", b"https://blog%d.example.com/posts/links",
)  # fmt: skip
_LANGUAGES = (b"en-US,en;q=0.9", b"en-GB,en;q=0.8", b"de-DE,de;q=0.9,en;q=0.5", b"fr", b"es-ES,es")
_SOURCES = ("newsletter", "twitter", "partner", "poster")


def fill(url: str, clicks: int) -> None:
    """Write so many clicks of the last days to the empty stream of a Redis."""
    redis = Redis.from_url(url)
    accepted = [0] * _PRODUCERS
    events = _events(clicks)
    for index in range(-(-clicks // _GROUP)):
        who = index % _PRODUCERS
        chunk = events[index * _GROUP : (index + 1) * _GROUP]
        accepted[who] += len(chunk)
        number = index // _PRODUCERS + 1
        group = Group(f"{who:016x}", number, accepted[who], chunk, {})
        redis.xadd(wire.STREAM, wire.encode(group))
    redis.close()


@cache
def _events(clicks: int) -> list[Event]:
    chance = random.Random(clicks)
    agents = [_agent(chance) for _ in range(_AGENTS)]
    links = _places(chance)
    by_grid: dict[int, list[Target]] = {}
    for link in links:
        by_grid.setdefault(link.grid, []).append(link)
    # The n-th has a share of 1/n.
    weights = list(accumulate(1 / rank for rank in range(1, len(links) + 1)))
    first = (int(time() * 1000) // _DAY_MS - _DAYS) * _DAY_MS + _DAY_MS
    # The last session is over by now.
    end = int(time() * 1000) - first - _HOUR_MS
    events: list[Event] = []
    while len(events) < clicks:
        (link,) = chance.choices(links, cum_weights=weights)
        at = first + chance.randrange(end)
        events += _session(chance, at, [link, *by_grid[link.grid]], agents)
    return sorted(events[:clicks], key=lambda event: event.at)


def _session(
    chance: random.Random, at: int, links: list[Target], agents: list[bytes]
) -> Iterator[Event]:
    visitor = chance.randrange(_VISITORS)
    is_bot = chance.randrange(1000) < _OF_BOTS
    agent = chance.choice(_BOTS) if is_bot else agents[visitor % _AGENTS]
    referrer = chance.choice(_REFERRERS)
    if b"%d" in referrer:
        referrer %= chance.randrange(300)
    language, query = _LANGUAGES[visitor % len(_LANGUAGES)], b""
    if chance.randrange(1000) < _WITH_CAMPAIGN:
        source, number = chance.choice(_SOURCES), chance.randrange(50)
        query = f"utm_source={source}&utm_medium=link&utm_campaign=c{number}".encode()
    address = f"81.{visitor >> 16}.{visitor >> 8 & 255}.{visitor & 255}"
    link = links[0]
    for _ in range(chance.choice((1, 1, 2, 3, 4))):
        yield Event(link, at, address, agent, referrer, language, query, 0)
        if chance.randrange(1000) < _TWICE:
            yield Event(link, at + 900, address, agent, referrer, language, query, 0)
        at += chance.randrange(5_000, 120_000)
        link = chance.choice(links)


def _places(chance: random.Random) -> list[Target]:
    targets = []
    for link in range(1, _LINKS + 1):
        grid = chance.randrange(_GRIDS) + 1
        tile = f"{link % 6},{link % 40},{link % 3 + 1},1"
        targets.append(Target(Kind.CLICK, grid % _USERS + 1, grid, link, tile))
    return targets


def _agent(chance: random.Random) -> bytes:
    major, low, minor = chance.randrange(90, 140), chance.randrange(10, 18), chance.randrange(99)
    return chance.choice(_BROWSERS).format(major=major, low=low, minor=minor).encode()
