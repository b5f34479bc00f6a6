"""An account whose clicks are few enough to be counted by hand: from October to April in Athens, where clocks
are changed twice, with titles that want to be something else than text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gridlink.accounts.models import User
from grids.models import Grid, Link, LinkCheck
from reports.models import Verdict
from tests.support.reports.clicks import Visited, load, refuse

RANGE = {"from": "2025-10-01", "to": "2026-04-30"}
ZONE = "Europe/Athens"
REPORT_TITLE = '<b>#eval("x")</b> =1+1 \\ $x$ عربي עברית 日本 😀'
GRIDS = ("Reading <b>&amp;</b> later", "=1+1")
CAMPAIGNS = ("=cmd|'/C calc'!A0", '#read("/etc/passwd")')
BOLD, FORMULA, TYPST, CONTROLS, ARABIC, HEBREW, HAN, TRASHED, GONE = TITLES = (
    "<b>Bold</b> &amp; co",
    "=1+1",
    '#eval("x") $x$ \\alpha \\\\',
    "bell\x07 escape\x1b[31m\ttab",
    "مرحبا بالعالم",
    "שלום, עולם",
    "日本語 한국어 😀 👩‍👩‍👧",
    "'@sum(A1)",
    "gone for good",
)
SHOWN = "bell␇ escape␛[31m␉tab"
"""What every format shows for CONTROLS."""
MOVED_TO = 'https://a.example/<new>?a=1&b="2"'

_EARLY = datetime(2025, 1, 1, tzinfo=UTC)
# Of each link by its title: the grid, and x, y, width and height.
_PLACES = ((0, "0,0,1,1"), (0, "1,0,1,1"), (0, "0,1,2,2"), (0, "2,0,1,1"), (1, "0,0,1,1"), (1, "1,0,1,1"),
           (1, "0,1,1,1"), (1, "2,0,2,1"), (1, "5,5,1,1"))  # fmt: skip
_FIRST = {"is_first_on_grid": True, "is_first_on_link": True}
_PHONE = {"browser": "Chrome", "os": "Android", "device": "mobile"}
_BOT = {"browser": "Googlebot", "os": "", "device": "bot", "country": "US", "verdict": Verdict.BOT}


def at(text: str) -> datetime:
    """A moment in UTC from ISO 8601."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fill(user: User, stranger: User) -> list[Link]:
    """Make the account the user's, and another one, which must not count, the stranger's; the links in the
    order of TITLES. The last is gone by then."""
    grids = [_grid(user, number, title) for number, title in enumerate(GRIDS, 1)]
    links = [
        _link(grids[grid], number, title, place)
        for number, (title, (grid, place)) in enumerate(zip(TITLES, _PLACES, strict=True))
    ]
    other = _link(_grid(stranger, 9, "Another's"), 9, "Another's", "0,0,1,1")
    load(grids[0], [*links, other], clicks=_clicks(), views=_views())
    refuse(links[2], at("2026-01-15T12:00"), 4)
    _check(links)
    removed_on = at("2026-02-10T10:00")
    Link.objects.filter(pk=links[7].pk).update(is_deleted=True, deleted_on=removed_on)
    # An hour before clocks are put forward.
    Link.objects.filter(pk=links[6].pk).update(created_on=at("2026-03-29T00:30"))
    links[8].delete()
    return links


def _grid(user: User, number: int, title: str) -> Grid:
    return Grid.objects.create(user=user, slug=f"gr_{number:032x}", title=title, created_on=_EARLY)


def _link(grid: Grid, number: int, title: str, place: str) -> Link:
    x, y, width, height = map(int, place.split(","))
    return Link.objects.create(
        user=grid.user,
        grid=grid,
        slug=f"li_{number:032x}",
        url=f"https://e.example/{number}?a=<1>&b=2",
        url_key=f"{number:032x}",
        title=title,
        x=x,
        y=y,
        width=width,
        height=height,
        created_on=_EARLY,
    )


def _clicks() -> list[Visited]:
    """Twelve by people in the range, and four in the one before; the others are somebody's or something's
    that does not count."""
    large = {"country": "JP", "utm_campaign": CAMPAIGNS[0]}
    german = {**_PHONE, "country": "DE", "utm_campaign": CAMPAIGNS[1]}
    israeli = {**_PHONE, "country": "IL"}
    return [
        _click(3, "2025-06-01T12:00", **_FIRST),
        _click(3, "2025-06-01T12:00"),
        _click(0, "2025-06-01T12:00"),
        # The last second before the range, and its first.
        _click(0, "2025-09-30T20:59:59"),
        _click(0, "2025-09-30T21:00", **_FIRST),
        # 03:30, and 03:30 once more when clocks have been put back.
        _click(1, "2025-10-26T00:30", **german, **_FIRST),
        _click(1, "2025-10-26T01:30", **german),
        _click(1, "2025-10-26T01:30:05", **german, verdict=Verdict.DUPLICATE),
        _click(8, "2025-12-24T18:00", **_FIRST),
        _click(7, "2026-01-10T09:00", **_FIRST),
        _click(2, "2026-01-15T12:00", **large, **_FIRST),
        *[_click(2, "2026-01-15T12:00", **large)] * 2,
        *[_click(2, "2026-01-15T12:30", **_BOT)] * 2,
        # The last second before clocks are put forward from 3 to 4, and the first one after.
        _click(4, "2026-03-29T00:59:59", **israeli, **_FIRST),
        _click(4, "2026-03-29T01:00", **israeli),
        _click(5, "2026-03-29T01:00", **_PHONE, country="", is_first_on_link=True),
        # The last second of the range, and the first after it.
        _click(0, "2026-04-30T20:59:59"),
        _click(0, "2026-04-30T21:00"),
        *[_click(9, "2026-01-15T12:00", **_FIRST)] * 5,
    ]


def _click(link: int, moment: str, **fields: Any) -> Visited:
    tile = _PLACES[link][1] if link < len(_PLACES) else "0,0,1,1"
    return Visited(at(moment), link=link, **{"tile": tile, **fields})


def _views() -> list[Visited]:
    """Of the first grid 5 before the range and 20 within it, of the second 4."""
    large = Visited(at("2026-01-15T12:00"))
    return [
        *[Visited(at("2025-06-01T12:00"))] * 5,
        *[Visited(at("2025-10-26T01:30"))] * 4,
        *[large] * 16,
        replace(large, verdict=Verdict.BOT),
        *[Visited(at("2026-03-29T01:00"), link=4)] * 4,
        *[replace(large, link=9)] * 7,
    ]


def _check(links: list[Link]) -> None:
    """The second of the two moments at which clocks show 03:30; the first one is when a certificate ends."""
    found: list[tuple[int, dict[str, Any]]] = [
        (0, {"verdict": "ok", "status": 200, "milliseconds": 80}),
        (1, {"verdict": "dead", "status": 404, "milliseconds": 1_234}),
        (2, {"verdict": "redirected", "status": 301, "moved_to": MOVED_TO}),
        (3, {"verdict": "dead", "url_key": "that of another address"}),
        (4, {"verdict": "tls_expiring", "certificate_expires_on": at("2025-10-26T00:30")}),
        (7, {"verdict": "dead"}),
    ]
    for number, fields in found:
        link = links[number]
        fields = {"url_key": link.url_key, "checked_on": at("2025-10-26T01:30"), **fields}
        LinkCheck.objects.create(link=link, **fields)
