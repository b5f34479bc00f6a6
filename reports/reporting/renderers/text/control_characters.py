"""Text from anybody as people are shown it: one line, without what cannot be seen or turns others round."""

from __future__ import annotations

import re
from unicodedata import bidirectional

_GAP = re.compile("[ \t\n\v\f\r\x85\u2028\u2029]+")
# Controls, embeddings and overrides of direction, halves of characters, private use, and what never is one.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u202a\u202b\u202d\u202e\ud800-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_RIGHT_TO_LEFT = {"R", "AL"}


def plain(text: str) -> str:
    """Text from anybody as one line: an unseen character as its number, and white space as one space."""
    return _UNSEEN.sub(lambda found: code_point(found[0]), _GAP.sub(" ", text))


def code_point(character: str) -> str:
    """`[U+4E2D]`: what stands for a character that cannot be shown."""
    return f"[U+{ord(character):04X}]"


def reads_from_right(text: str) -> bool:
    """Whether the first letter that has a direction is of a script as Arabic or Hebrew."""
    directions = map(bidirectional, text)
    return next(
        (each != "L" for each in directions if each == "L" or each in _RIGHT_TO_LEFT), False
    )


def isolated(text: str) -> str:
    """The text, to stand among others; marked if a part of it reads from right to left, so that this does not
    turn what is around."""
    return f"\u2068{text}\u2069" if any(map(_turns, text)) else text


def _turns(letter: str) -> bool:
    return bidirectional(letter) in _RIGHT_TO_LEFT
