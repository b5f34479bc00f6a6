"""Make untrusted text safe to display: one line, nothing invisible, no change of direction."""

from __future__ import annotations

import re
from unicodedata import bidirectional

_WHITE_SPACE = re.compile("[ \t\n\v\f\r\x85\u2028\u2029]+")
# Controls, embeddings and overrides of direction, surrogates, private use and noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u202a\u202b\u202d\u202e\ud800-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_RIGHT_TO_LEFT = {"R", "AL"}


def plain_text(text: str) -> str:
    """Return the text as one line, with invisible characters as their code points."""
    return _INVISIBLE.sub(lambda found: code_point(found[0]), _WHITE_SPACE.sub(" ", text))


def code_point(character: str) -> str:
    """Return what stands for a character that cannot be shown, such as `[U+4E2D]`."""
    return f"[U+{ord(character):04X}]"


def is_right_to_left(text: str) -> bool:
    """Check whether the first character with a strong direction reads from right to left."""
    strong = (each for each in map(bidirectional, text) if each == "L" or each in _RIGHT_TO_LEFT)
    return next(strong, "L") != "L"


def isolate_direction(text: str) -> str:
    """Wrap text that has right-to-left parts in Unicode isolates."""
    turns = any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return f"\u2068{text}\u2069" if turns else text
