"""A walk over a page with the Tab key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A point of an element is hidden if something else is there: a bar over it, or the edge of the window.
_FOCUSED = """() => {
    const e = document.activeElement;
    if (!e || e == document.body) return null;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const points = [[x, y], [box.left + 4, y], [box.right - 4, y], [x, box.top + 4], [x, box.bottom - 4]];
    return [
        e.getAttribute('href') ?? e.id,
        style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 2,
        points.every(([x, y]) => e.contains(document.elementFromPoint(x, y))),
    ];
}"""
_STOPS_MAX = 500


class Stop(NamedTuple):
    """An element that had the focus: its address or id, and whether one could see that."""

    target: str
    is_outlined: bool
    is_uncovered: bool


def walk(page: Page) -> list[Stop]:
    """Press Tab until the focus has left the page; return where it was."""
    stops: list[Stop] = []
    while len(stops) < _STOPS_MAX:
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or (stops and Stop(*focused) == stops[0]):
            break
        stops.append(Stop(*focused))
    return stops
