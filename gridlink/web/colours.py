"""Compute the contrast of colours as WCAG 2.2 defines it."""

from __future__ import annotations

import re

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
READABLE = 4.5
"""The least contrast of text that is not large (WCAG 2.2, 1.4.3)."""


def is_colour(text: str) -> bool:
    """Check whether a text is a colour such as `#1b1b1f`."""
    return _COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_ink(background: str, wanted: str = "") -> str:
    """Return the wanted colour if it is readable, else black or white."""
    if is_colour(wanted) and contrast(wanted, background) >= READABLE:
        return wanted
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, background))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
