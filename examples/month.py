"""Generate an account with two months of clicks, reproducibly, for a sample report."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from gridlink.accounts.models import User
from grids.models import Grid, Link, LinkCheck
from reports.clicks.enrichment.bots import RULES_VERSION
from reports.clicks.storage.partitions import TABLES, ensure
from reports.models import Click, UserAgent, Verdict, View

FIRST, LAST = date(2026, 8, 31), date(2026, 10, 31)
_TITLES = {
    "Neighbourhood library": (
        "Opening hours and branches",
        "Reserve a book",
        "New arrivals: fiction",
        "Reading group, every second Tuesday",
        "Interlibrary loan",
        "Audiobooks and e-books",
        "Story time for children under six",
        "Ask a librarian",
        "Annual report 2025",
        "Donate books",
    ),
    "Autumn festival": (
        "Programme and tickets",
        "How to get there by tram and bicycle",
        "Open-air cinema: the full list",
        "Volunteer on the weekend",
        "Map of the stages",
        "Photos of last year",
        "Street food and local farms",
    ),
    "Workshops": (
        "Repair café: bring what is broken",
        "Bookbinding for beginners",
        "Introduction to data journalism",
        "Sourdough in four evenings",
        "Letterpress open studio",
        "Waiting list",
    ),
    "Reading list": (
        "The city as a garden",
        "A short history of maps",
        "Why bridges stand",
        "Letters from the archive",
        "On walking",
    ),
}
_NEW = {"Photos of last year", "Repair café: bring what is broken", "On walking", "Donate books"}
_VERDICTS = {
    "Annual report 2025": "dead",
    "Interlibrary loan": "slow",
    "Waiting list": "tls_expiring",
}
_COUNTRIES = {"DE": 46, "AT": 17, "CH": 12, "FR": 8, "GB": 6, "NL": 5, "PL": 3, "": 2, "ES": 1}
_AGENTS = {
    ("Chrome Mobile", "Android", "mobile"): 31,
    ("Mobile Safari", "iOS", "mobile"): 26,
    ("Chrome", "Windows", "desktop"): 22,
    ("Firefox", "Linux", "desktop"): 12,
    ("Mobile Safari", "iPadOS", "tablet"): 7,
}
# From Monday on.
_RHYTHM = (1.0, 1.08, 1.12, 1.05, 0.9, 0.55, 0.62)
_VIEWS = 2.4


def make_month(user: User, *, clicks: int) -> None:
    """Insert grids, links, their last checks, and clicks and views from FIRST to LAST."""
    chance = random.Random(5)
    links = [link for title in _TITLES for link in _grid(user, title)]
    Link.objects.bulk_create(links)
    LinkCheck.objects.bulk_create(map(_check, links))
    agents = [_agent(*names) for names in _AGENTS]
    for table in TABLES:
        ensure(table, [date(2026, month, 1) for month in (8, 9, 10)])
    clicked = (_visit(chance, at, links, agents) for at in _moments(chance, clicks))
    Click.objects.bulk_create((_click(chance, *each) for each in clicked), batch_size=5000)
    viewed = (_visit(chance, at, links, agents) for at in _moments(chance, clicks * _VIEWS))
    View.objects.bulk_create(
        (View(**shared, viewed_on=at) for at, _, shared in viewed), batch_size=5000
    )


def days() -> Iterator[date]:
    """Yield the days from FIRST to LAST."""
    return (FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1))


def _grid(user: User, title: str) -> Iterator[Link]:
    grid = Grid.objects.create(user=user, title=title)
    for place, name in enumerate(_TITLES[title]):
        made = _noon(FIRST + timedelta(32 + place * 3 if name in _NEW else 0))
        url = f"https://example.org/{title.split()[0].lower()}/{place}"
        key = sha256(url.encode()).hexdigest()[:32]
        yield Link(
            user=user, grid=grid, title=name, url=url, url_key=key, x=place % 6, y=place // 6,
            created_on=made,
        )  # fmt: skip


def _check(link: Link) -> LinkCheck:
    verdict = _VERDICTS.get(link.title, "ok")
    return LinkCheck(link=link, url_key=link.url_key, verdict=verdict, checked_on=_noon(LAST))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _agent(browser: str, system: str, device: str) -> UserAgent:
    text = f"{browser} {system}"
    return UserAgent.objects.get_or_create(
        digest=sha256(text.encode()).digest(),
        defaults={
            "text": text, "browser": browser, "os": system, "device": device,
            "bot_reason": "", "bot_rules": RULES_VERSION,
        },
    )[0]  # fmt: skip


def _moments(chance: random.Random, a_day: float) -> Iterator[datetime]:
    """More on working days than at weekends, a little more every week, and a festival."""
    for number, day in enumerate(days()):
        busy = 1.7 if day in (date(2026, 10, 9), date(2026, 10, 10)) else 1.0
        count = (
            a_day * _RHYTHM[day.weekday()] * (1 + number / 300) * busy * chance.uniform(0.92, 1.08)
        )
        for _ in range(round(count)):
            yield datetime.combine(day, time(), UTC) + timedelta(
                seconds=chance.triangular(0, 86_399, 57_600)
            )


def _visit(
    chance: random.Random, at: datetime, links: list[Link], agents: list[UserAgent]
) -> tuple[datetime, Link, dict[str, Any]]:
    (link,) = chance.choices(
        links, [1 / (3 + rank * 11 % len(links)) for rank in range(len(links))]
    )
    (agent,) = chance.choices(agents, list(_AGENTS.values()))
    (country,) = chance.choices(list(_COUNTRIES), list(_COUNTRIES.values()))
    empty = (
        "referrer",
        "language",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
    )
    shared = {
        **dict.fromkeys(empty, ""),
        "user_id": link.user_id, "grid_id": link.grid_id, "visitor": None, "user_agent": agent,
        "is_first_on_grid": chance.random() < 0.6, "verdict": Verdict.HUMAN, "bot_reason": "",
        "bot_rules": RULES_VERSION, "flags": 0, "country": country,
    }  # fmt: skip
    return at, link, shared


def _click(chance: random.Random, at: datetime, link: Link, shared: dict[str, Any]) -> Click:
    tile = f"{link.x},{link.y},1,1"
    first = chance.random() < 0.8
    return Click(**shared, clicked_on=at, link_id=link.pk, tile=tile, is_first_on_link=first)
