"""Read a page's title, description and icon, which are untrusted and kept as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from gridlink.lib.outbound.client import Response
from gridlink.lib.text import one_line
from gridlink.lib.weburl import BadUrl, check_url
from grids.formats.text import html_encoding
from grids.models import TITLE_LENGTH

DESCRIPTION_LENGTH = 1_000
ICON_LENGTH = 2_048
_PIECE = 32 * 1024
# A response is HTML when its type says so, or is missing.
_HTML = re.compile(r"\s*(?:text/html|application/xhtml\+xml|text/plain|\Z)", re.I)


@dataclass(frozen=True, slots=True)
class Metadata:
    """Hold a page's metadata; unknown values are empty, and `url` is where redirects led."""

    url: str
    title: str
    description: str
    icon: str


def read_metadata(page: Response) -> Metadata:
    """Return the metadata in the beginning of a page; empty when it is not HTML."""
    head = _Head()
    content_type = page.headers.get("Content-Type", "")
    if _HTML.match(content_type):
        head.read(page.body.decode(html_encoding(page.body, content_type), "replace"))
    found = head.found
    return Metadata(
        url=page.url,
        title=_first_text(TITLE_LENGTH, found.get("og:title"), found.get("title")),
        description=_first_text(
            DESCRIPTION_LENGTH, found.get("og:description"), found.get("description")
        ),
        icon=_icon(page.url, found),
    )


class _Head(HTMLParser):
    """Gather the first value of each kind until the head ends."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._is_over = False
        self._title: list[str] | None = None

    def read(self, text: str) -> None:
        """Read as much as is needed.

        The parser is not closed at the end, since it would rescan an open tag again and again.
        """
        try:
            for start in range(0, len(text), _PIECE):
                self.feed(text[start : start + _PIECE])
                if self._is_over:
                    break
        except AssertionError:
            # The parser raises it for a declaration that it does not know.
            return

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}
        note = self._NOTES.get(tag)
        if note and not self._is_over:
            note(self, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None:
            self._keep("title", "".join(self._title))
            self._title = None
        self._is_over = self._is_over or tag == "head"

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)

    def _keep(self, name: str, value: str) -> None:
        if value.strip():
            self.found.setdefault(name, value)

    def _note_title(self, values: dict[str, str]) -> None:
        self._title = []

    def _note_meta(self, values: dict[str, str]) -> None:
        name = (values.get("property") or values.get("name", "")).strip().lower()
        if name in ("description", "og:title", "og:description"):
            self._keep(name, values.get("content", ""))

    def _note_link(self, values: dict[str, str]) -> None:
        for name in ("icon", "apple-touch-icon"):
            if name in values.get("rel", "").lower().split():
                self._keep(name, values.get("href", ""))

    def _note_base(self, values: dict[str, str]) -> None:
        self._keep("base", values.get("href", ""))

    def _note_body(self, values: dict[str, str]) -> None:
        self._is_over = "title" in self.found

    _NOTES = {
        "title": _note_title,
        "meta": _note_meta,
        "link": _note_link,
        "base": _note_base,
        "body": _note_body,
    }


def _first_text(length: int, *texts: str | None) -> str:
    for text in texts:
        if text and (line := " ".join(one_line(text).split())):
            return line if len(line) <= length else f"{line[: length - 1]}…"
    return ""


def _icon(url: str, found: dict[str, str]) -> str:
    for name in ("icon", "apple-touch-icon"):
        try:
            base = urljoin(url, found.get("base", "").strip())
            icon = check_url(urljoin(base, found.get(name, "").strip()))
        except (BadUrl, ValueError):
            continue
        if name in found and icon.lower().startswith(("http://", "https://")):
            return icon if len(icon) <= ICON_LENGTH else ""
    return ""
