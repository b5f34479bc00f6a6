"""The pieces of a drawing: elements of SVG whose every text is escaped, and how wide a text will be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

from reports.reporting.renderers.text.control_characters import isolated

SIZE = 12.0
"""Of letters, in the units of the drawing."""
_WIDE = {"W", "F"}
_CUT = "…"


def tag(name: str, attributes: dict[str, str], inside: Iterable[str] = (), words: str = "") -> str:
    """An element around words, which are escaped, and around others."""
    listed = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    content = escape(words) + "".join(inside)
    return f"<{name}{listed}>{content}</{name}>" if content else f"<{name}{listed}/>"


def number(value: float) -> str:
    """A length, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Label:
    """Words in a drawing, whose base line is at `y`; `anchor` as in SVG says what of them is at `x`."""

    x: float
    y: float
    words: str
    anchor: str = "start"
    strong: bool = False

    def svg(self) -> str:
        """The element."""
        place = {"x": number(self.x), "y": number(self.y), "text-anchor": self.anchor}
        opacity = {} if self.strong else {"fill-opacity": ".72"}
        return tag("text", {**place, "fill": "currentColor", **opacity}, words=isolated(self.words))


Mark = str | Label
"""A shape, as SVG; or words, which paper sets in fonts of its own."""


def rule(x1: float, y1: float, x2: float, y2: float, *, strong: bool) -> str:
    """A straight line of the grid, or the strong one of zero."""
    ends = {"x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)}
    opacity = ".55" if strong else ".14"
    return tag("line", {**ends, "stroke": "currentColor", "stroke-opacity": opacity})


def rectangle(
    x: float, y: float, width: float, height: float, *, colour: str, says: str = ""
) -> str:
    """A filled one, of at least half a unit either way; `says` is what a pointer is told on it."""
    sides = {"width": number(max(width, 0.5)), "height": number(max(height, 0.5))}
    attributes = {"x": number(x), "y": number(y), **sides, "fill": colour}
    return tag("rect", attributes, [tag("title", {}, words=says)] if says else [])


def dot(x: float, y: float, *, colour: str, says: str = "") -> str:
    """A point of a line."""
    attributes = {"cx": number(x), "cy": number(y), "r": "2.8", "fill": colour}
    return tag("circle", attributes, [tag("title", {}, words=says)] if says else [])


def path(points: list[tuple[float, float]], *, colour: str, dash: str) -> str:
    """A line through the points."""
    way = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    attributes = {"d": f"M{way}", "fill": "none", "stroke": colour, "stroke-width": "2"}
    attributes |= {"stroke-linejoin": "round", "stroke-linecap": "round"}
    return tag("path", attributes | ({"stroke-dasharray": dash} if dash else {}))


def width_of(words: str, size: float = SIZE) -> float:
    """About how wide the words are; rather too much than too little."""
    return size * sum(1.02 if east_asian_width(letter) in _WIDE else 0.63 for letter in words)


def short(words: str, width: float) -> str:
    """The words, or as many letters of them as are that wide, and an ellipsis."""
    if width_of(words[:1000]) <= width and len(words) <= 1000:
        return words
    kept, room = "", width - width_of(_CUT)
    for letter in words:
        room -= width_of(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + _CUT
