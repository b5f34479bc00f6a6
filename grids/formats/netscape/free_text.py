"""Tell markup in titles and notes from markup that structures the file.

Many tools write titles and notes without escapes. What they hold must neither end them nor be taken for
entries, and an entry after a title or note that is never closed must not be taken for its text. So an entry
counts wherever it plainly begins: with `<DT>` before a link or a folder, or at a line's start in a file
without `<DT>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# What follows the name of a <DT> that begins an entry, or of a <DL> that begins a list of entries.
_LEADS = re.compile(r"[^<>]{0,99}>\s{0,99}(?:<p>\s{0,99})?(?:<dt>\s{0,99})?<(?:a|h3|hr)[\s>]", re.I)
# The rest of a line up to another entry, and a title's end there.
_ENTRY = r"<dt[^<>]{0,99}>\s{0,99}<(?:a|h3)[\s>]"
_CLOSES = {
    "a": re.compile(rf"(?:(?!{_ENTRY}|<a\s)[^\r\n])*?</a[\s>]", re.I),
    "h3": re.compile(rf"(?:(?!{_ENTRY}|<h3\s)[^\r\n])*?</h3[\s>]", re.I),
}
# A link's end there, with the title's end after it.
_LINK_INSIDE = re.compile(
    rf"(?:(?!{_ENTRY}|<a[\s>])[^\r\n])*?</a>(?:(?!{_ENTRY})[^\r\n])*?</a>", re.I
)


class FreeText:
    """Classify the markup in the title or note of one item.

    `name` is the item's tag, "a" or "h3". `has_dt` says that the item began with a <DT>, as then all others
    do.
    """

    def __init__(self, name: str, has_dt: bool) -> None:
        self._name = name
        self._has_dt = has_dt
        # How many lists, or links, are open in the text.
        self._inner = 0

    def has(self, name: str, *, in_title: bool, starts_line: bool, ahead: str) -> bool:
        """Check whether a tag, or "!--", is text; `ahead` follows its name."""
        if in_title:
            return self._in_title(name, ahead)
        rule = _IN_NOTE.get(name, FreeText._unless_line)
        return rule(self, starts_line, ahead)

    def _in_title(self, name: str, ahead: str) -> bool:
        if name == f"/{self._name}":
            return self._closed()
        if name == "a" == self._name:
            if _LINK_INSIDE.match(ahead):
                return self._opened()
            return ahead.startswith(">") and _CLOSES["a"].match(ahead) is not None
        if name == "dt" and _LEADS.match(ahead):
            return False
        return _CLOSES[self._name].match(ahead) is not None

    def _opened(self) -> bool:
        self._inner += 1
        return True

    def _closed(self) -> bool:
        was_open = self._inner > 0
        self._inner -= was_open
        return was_open

    def _always(self, starts_line: bool, ahead: str) -> bool:
        return True

    def _never(self, starts_line: bool, ahead: str) -> bool:
        return False

    def _unless_line(self, starts_line: bool, ahead: str) -> bool:
        return self._inner > 0 or not starts_line

    def _entry(self, starts_line: bool, ahead: str) -> bool:
        return self._has_dt or not starts_line

    def _term(self, starts_line: bool, ahead: str) -> bool:
        return not _LEADS.match(ahead) and self._unless_line(starts_line, ahead)

    def _within(self, starts_line: bool, ahead: str) -> bool:
        return self._inner > 0

    def _list(self, starts_line: bool, ahead: str) -> bool:
        # A folder's note ends where its list begins.
        if self._name == "h3" or _LEADS.match(ahead):
            return False
        return self._opened()

    def _list_end(self, starts_line: bool, ahead: str) -> bool:
        return self._closed()


_Rule = Callable[[FreeText, bool, str], bool]
_IN_NOTE: dict[str, _Rule] = {
    **dict.fromkeys(("/a", "/h3", "/h1", "p", "/p", "ul", "/ul"), FreeText._always),
    **dict.fromkeys(("br", "/html", "/body"), FreeText._never),
    **dict.fromkeys(("a", "h1", "h3"), FreeText._entry),
    **dict.fromkeys(("/dd", "/dt"), FreeText._within),
    "dt": FreeText._term,
    "dl": FreeText._list,
    "/dl": FreeText._list_end,
}
