"""Read JSON piece by piece: memory is bound by the largest item, not the file.

What is walked through with members() and items() is never held; what is taken with value() is decoded by the
json module, in one go, and may be at most VALUE_CHARS long.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from grids.formats.base import FormatError

VALUE_CHARS = 4 * 1024 * 1024
"""A single value, such as one link with all that belongs to it, is refused if longer."""
MEMBERS_MAX = 1000
"""An object that is walked through may have so many values."""

_SPACE = re.compile(r"[ \t\r\n]*")
# An error further than this from the end of what was read is not due to missing text.
_CUT_WITHIN = 16
_UNTERMINATED = "Unterminated string"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _twice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return found


def _twice(name: str) -> FormatError:
    return FormatError(f"An object of the file has two values named {json.dumps(name[:60])}.")


def _constant(name: str) -> NoReturn:
    raise FormatError(f"The file holds {name}, which is not JSON.")


# Some tools write control characters into strings; these are removed later, with a problem.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object, parse_constant=_constant)


class JsonStream:
    """Represent a cursor in a JSON text given in pieces. Every method raises FormatError."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        self._pos = 0
        self._line = 1

    def peek(self) -> str:
        """Return the next character that is not white space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._pos)
            self._pos = match.end() if match else self._pos
            if self._pos < len(self._text) or not self._more(1):
                return self._text[self._pos : self._pos + 1]

    def value(self) -> Any:
        """Take the next value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._pos)
            except json.JSONDecodeError as error:
                self._go_on(error)
                continue
            except RecursionError:
                raise FormatError("The file holds lists or objects nested too deep.") from None
            except ValueError:
                raise FormatError("The file holds a number that is too long.") from None
            # A number near the end may be cut: the decoder reads "1" of "1e".
            near_end = end > len(self._text) - _CUT_WITHIN
            if not near_end or not self._more(len(self._text) - self._pos):
                self._check_length(end - self._pos)
                self._pos = end
                return value

    def items(self) -> Iterator[int]:
        """Walk through an array, yielding the 1-based place of each item.

        At each yield the cursor is before the item, which must be taken.
        """
        self._take("[")
        place = 0
        while self.peek() != "]":
            if place:
                self._take(",")
            place += 1
            yield place
        self._take("]")

    def members(self) -> Iterator[str]:
        """Walk through an object, yielding the name of each member.

        At each yield the cursor is before the value, which must be taken.
        """
        self._take("{")
        seen: set[str] = set()
        while self.peek() != "}":
            if seen:
                self._take(",")
            name = self._name()
            if name in seen:
                raise _twice(name)
            seen.add(name)
            if len(seen) > MEMBERS_MAX:
                raise FormatError(f"An object of the file has more than {MEMBERS_MAX} values.")
            yield name
        self._take("}")

    def end(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            self._broken("something follows the end")

    def _name(self) -> str:
        if self.peek() != '"':
            self._broken("a name is missing")
        name = str(self.value())
        self._take(":")
        return name

    def _take(self, sign: str) -> None:
        if self.peek() != sign:
            self._broken(f"{sign} is missing")
        self._pos += 1

    def _go_on(self, error: json.JSONDecodeError) -> None:
        """Read on, unless the text is really broken."""
        is_cut = error.pos > len(self._text) - _CUT_WITHIN or error.msg.startswith(_UNTERMINATED)
        if not is_cut or not self._more(len(self._text) - self._pos):
            self._line += self._text.count("\n", self._pos, error.pos)
            self._broken(error.msg[:1].lower() + error.msg[1:])

    def _more(self, least: int) -> bool:
        """Read at least one piece, and so many characters if there are as many.

        Doubling what is held keeps the time in proportion to the size of a value.
        """
        held = len(self._text) - self._pos
        self._check_length(held - _CUT_WITHIN)
        pieces, size = [self._text[self._pos :]], 0
        while size < max(1, min(least, VALUE_CHARS - held)) and (chunk := next(self._chunks, "")):
            pieces.append(chunk)
            size += len(chunk)
        if size:
            self._line += self._text.count("\n", 0, self._pos)
            self._text, self._pos = "".join(pieces), 0
        return size > 0

    def _check_length(self, length: int) -> None:
        if length > VALUE_CHARS:
            line = self._line + self._text.count("\n", 0, self._pos)
            raise FormatError(
                f"The value that begins near line {line} is longer than {VALUE_CHARS} characters."
            )

    def _broken(self, what: str) -> NoReturn:
        what = what if self.peek() else "it breaks off"
        line = self._line + self._text.count("\n", 0, self._pos)
        raise FormatError(f"The file is broken JSON near line {line}: {what}.")
