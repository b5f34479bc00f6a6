"""Arrange tiles for phones, and describe their places on wide screens as CSS.

The order of tiles is that of rows, then columns, everywhere: in the document, on wide screens, on phones
and in feeds. On a phone there are two columns: tiles one cell wide take one, wider ones the whole row, and so
does a narrow tile that would stand alone in its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grids.models import Link

# A tile is never shown wider than the page's columns, even if the grid had more of them when it was placed.
_WHOLE_ROW = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Name where a tile stands on wide screens, and its width on phones.

    Cells count from zero; a phone has two columns.
    """

    x: int
    y: int
    width: int
    height: int
    phone_width: int


def arrange(links: Sequence[Link], columns: int) -> list[Place]:
    """Return the places of links in reading order on a page `columns` cells wide."""
    top = min((link.y for link in links), default=0)
    phone = phone_widths([link.width for link in links])
    return [
        Place(
            x=min(link.x, columns - 1),
            y=link.y - top,
            width=max(1, min(link.width, columns - link.x)),
            height=link.height,
            phone_width=width,
        )
        for link, width in zip(links, phone, strict=True)
    ]


def phone_widths(widths: Iterable[int]) -> list[int]:
    """Return how many of a phone's two columns each tile takes, without holes."""
    found: list[int] = []
    is_half_full = False
    for width in widths:
        if width > 1:
            if is_half_full:
                found[-1] = _WHOLE_ROW
            found.append(_WHOLE_ROW)
            is_half_full = False
        else:
            found.append(1)
            is_half_full = not is_half_full
    if is_half_full:
        found[-1] = _WHOLE_ROW
    return found


def used_rows(places: Iterable[Place]) -> dict[int, int]:
    """Return the numbers of rows that hold tiles, without empty ones between.

    A page shows no gap for rows that nothing stands in, however far down the next tile is.
    """
    rows = sorted({row for place in places for row in range(place.y, place.y + place.height)})
    return {row: number for number, row in enumerate(rows)}


def places_css(places: Sequence[Place], first: int) -> str:
    """Return the rules that put tiles in their places, `#t{first}` and those after it."""
    rows = used_rows(places)
    return "".join(
        f"#t{number}{{grid-area:{rows[place.y] + 1}/{place.x + 1}"
        f"/span {place.height}/span {place.width}}}"
        for number, place in enumerate(places, first)
    )
