"""Grids with tiles of every size and kind, as their pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from gridlink.accounts.models import User
from gridlink.lib.weburl import url_key
from grids.models import Grid, Link, Visibility

NOTE = "Opening hours, branches and how to get there, and a calendar of what goes on this month."
# Every shape that a page knows, own colours that need another ink, and texts of every script.
SAMPLE: Sequence[Mapping[str, Any]] = (
    {"title": "Neighbourhood library", "width": 2, "height": 2, "note": NOTE},
    {"title": "New arrivals"},
    {"title": "Audiobooks", "style": {"icon": "🎧", "me": True}},
    {"title": "Reading group, every second Tuesday", "width": 2, "note": NOTE},
    {"title": "Ask a librarian", "background": "#ffd84d", "style": {"text_colour": "#fff2b0"}},
    {"title": "Interlibrary loan", "style": {"border_colour": "#b36f00", "radius": 4}},
    {"title": "مكتبة الحي", "style": {"font": "serif", "align": "centre"}},
    {"title": "図書館の新しい本", "height": 2, "style": {"font": "mono", "align": "end"}},
    {"title": "Photos", "style": {"section": "The festival"}, "background": "#0b1f3a"},
    {"title": "Programme and tickets", "width": 3, "note": NOTE},
    {"title": "מפת הבמות", "url": "mailto:stages@example.org"},
)


def sixty() -> list[dict[str, Any]]:
    """Return the tiles of a page of 60: a fifth of them wide, and four large."""
    return [{"title": f"Link number {number} of sixty", **_size(number)} for number in range(60)]


def _size(number: int) -> dict[str, Any]:
    if number % 15 == 0:
        return {"width": 2, "height": 2, "note": NOTE}
    return {} if number % 5 else {"width": 2, "note": NOTE}


def make_page(user: User, tiles: Iterable[Mapping[str, Any]], **fields: Any) -> Grid:
    """Make a public grid with tiles in this order, each where there is room for it."""
    grid = Grid.objects.create(user=user, **{"visibility": Visibility.PUBLIC, **fields})
    Link.objects.bulk_create(_links(grid, tiles))
    return grid


def _links(grid: Grid, tiles: Iterable[Mapping[str, Any]]) -> Iterator[Link]:
    taken: set[tuple[int, int]] = set()
    for number, tile in enumerate(tiles):
        size = min(tile.get("width", 1), grid.columns), tile.get("height", 1)
        values = {"url": f"https://host{number % 7}.example.org/{number}", **tile}
        x, y = _free_place(taken, grid.columns, *size)
        values |= {"x": x, "y": y, "width": size[0], "height": size[1]}
        yield Link(user_id=grid.user_id, grid=grid, url_key=url_key(values["url"]), **values)


def _free_place(
    taken: set[tuple[int, int]], columns: int, width: int, height: int
) -> tuple[int, int]:
    """Return the first place that is free and take it."""
    for y in count():
        for x in range(columns - width + 1):
            cells = {(x + right, y + down) for right in range(width) for down in range(height)}
            if not cells & taken:
                taken |= cells
                return x, y
    raise AssertionError("rows are without end")
