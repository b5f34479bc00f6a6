"""Make a grid that shows what pages can look like: for the demo and for screenshots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from examples.site import Api, Check, DemoError, Json, heading, say

GRID: Mapping[str, Any] = {
    "title": "Neighbourhood library",
    "description": "Books, rooms, tools and good company, in the old tram depot.\nOpen every day but Monday.",
    "visibility": "public",
    "columns": 6,
}
_HOURS = "Six branches, one card. Holidays and late evenings are here first."
_REPAIR = "Every first Saturday at ten. Bring what is broken, leave with it working."
_GARDEN = "A walk in twelve chapters through courtyards, roofs and railway banks, with a map."
# In reading order, each where there is room.
LINKS: Sequence[Mapping[str, Any]] = (
    {
        "title": "Opening hours and branches", "url": "https://library.example/hours", "note": _HOURS,
        "width": 2, "height": 2, "style": {"section": "Start here"},
    },
    {"title": "What's on this week", "url": "https://events.example/week", "width": 2},
    {"title": "Renew a book", "url": "https://catalogue.example/renew"},
    {"title": "Ask a librarian", "url": "https://help.example/", "background": "#3f3dd9"},
    {"title": "Join", "url": "https://join.example/"},
    {"title": "Rooms", "url": "https://rooms.example/"},
    {"title": "Autumn festival programme", "url": "https://festival.example/", "width": 2},
    {
        "title": "Repair café", "url": "https://workshops.example/repair", "note": _REPAIR,
        "width": 2, "background": "#ffd84d", "style": {"section": "Read, listen, make"},
    },
    {"title": "Bookbinding", "url": "https://workshops.example/binding"},
    {
        "title": "The city as a garden", "url": "https://garden.example/", "note": _GARDEN,
        "width": 2, "height": 2, "background": "#12402c",
    },
    {"title": "Podcast", "url": "https://pod.example/", "style": {"me": True}},
    {"title": "Volunteer on the weekend", "url": "https://volunteer.example/", "width": 2},
    {"title": "Annual report", "url": "https://report.example/2026"},
    {"title": "Donate", "url": "https://donate.example/"},
)  # fmt: skip

# The hosts that a browser would ask for what a page needs.
_LOADED = re.compile(
    r'<(?:script|img|link rel="(?:stylesheet|icon)")[^>]* (?:src|href)="(https?://[^/"]+)'
)


def make_showcase(api: Api, alias: str) -> tuple[Json, list[Json]]:
    """Make the grid through the API and print its address; return it and its links."""
    heading("A page to look at")
    grid = api.call("grids/", "POST", json={**GRID, "alias": alias})
    made = [{**link, "grid": grid["slug"]} for link in LINKS]
    outcome = api.call("links/bulk/", "POST", json={"create": made})
    links = list(api.rows(f"grids/{grid['slug']}/links/"))
    if len(links) != len(LINKS):
        raise DemoError(f"Only {len(links)} of {len(LINKS)} links were made: {outcome}")
    say(page_address(grid, links))
    return grid, links


def page_address(grid: Json, links: list[Json]) -> str:
    """Return the address of a grid's page, which is where its links are."""
    return f"{links[0]['short_url'].partition('/l/')[0]}/g/{grid['alias']}"


def page_checks(api: Api, grid: Json, links: list[Json]) -> Iterator[Check]:
    """Check that the page shows every tile, needs nothing from elsewhere and is listed."""
    address = page_address(grid, links)
    page = api.fetch(address)
    text = page.data.decode()
    shown = sum(f'href="/l/{link["alias"] or link["slug"]}"' in text for link in links)
    yield page.status == 200, f"{grid['title']}: the page answers {page.status}"
    yield shown == len(links), f"{grid['title']}: the page shows {shown} of {len(links)} tiles"
    loaded = re.findall(
        r'<(?:script|img|link rel="(?:stylesheet|icon)")[^>]* (?:src|href)="(https?://[^"]+)"', text
    )
    foreign = [each for each in loaded if not each.startswith(address.partition("/g/")[0])]
    yield not foreign, f"{grid['title']}: {len(foreign)} files from other hosts"
    again = api.fetch(address, headers={"If-None-Match": page.headers["ETag"]})
    yield again.status == 304, f"{grid['title']}: asked again, the page answers {again.status}"
    for name in ("feed.xml", "feed.json"):
        status = api.fetch(f"{address}/{name}").status
        yield status == 200, f"{grid['title']}: {name} answers {status}"
