"""Make what pages show, ask for them in this process, and read what they say."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import brotli

from grids.models import Grid, Link, Visibility
from grids.public.responses import Response
from tests.support.client import Client

_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)


def link(number: int = 0, **fields: Any) -> Link:
    """A link that is stored nowhere: one cell wide, in a row of its own."""
    made = {
        "slug": f"li_{number:032x}",
        "url": f"https://site{number}.example/",
        "title": f"Link {number}",
        "x": 0,
        "y": number,
        **fields,
    }
    return Link(**made)


def public_grid(client: Client, **fields: Any) -> Grid:
    """A grid of the client's for everybody, as it is stored."""
    assert client.user
    return Grid.objects.create(user=client.user, **{"visibility": Visibility.PUBLIC, **fields})


def scope(**headers: str) -> dict[str, Any]:
    """A request as the application gets it; header names are written with underscores."""
    sent = [(name.replace("_", "-").encode(), each.encode()) for name, each in headers.items()]
    return {"type": "http", "method": "GET", "query_string": b"", "headers": sent}


def headers(answer: Response) -> dict[str, str]:
    """The headers of an answer, none of which may come twice."""
    pairs = [(name.decode(), value.decode()) for name, value in answer.start["headers"]]
    found = dict(pairs)
    assert len(found) == len(pairs), pairs
    return found


def body(answer: Response) -> bytes:
    """What an answer says, whatever its encoding is."""
    sent: bytes = answer.body["body"]
    decode = {"br": brotli.decompress, "gzip": gzip.decompress}
    encoding = headers(answer).get("content-encoding")
    return bytes(decode[encoding](sent)) if encoding else sent


def text(answer: Response) -> str:
    """A page as a browser reads it."""
    return body(answer.negotiate(scope(accept_encoding="br"))).decode()


@dataclass
class Element:
    """A tag with its attributes and all the text within."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Html(HTMLParser):
    """The elements of a page; every one must end where it should."""

    source: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()
        assert self._open == [], f"not closed: {[each.tag for each in self._open]}"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len({*names}), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element that ends itself, as those of SVG do."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert self._open, f"</{tag}> without a beginning"
        assert self._open.pop().tag == tag, f"</{tag}> in the wrong place"

    def handle_data(self, data: str) -> None:
        """Add a text to all elements around it."""
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements with a tag and these attributes; `_` at the end is for words of Python."""
        wanted = {name.rstrip("_").replace("_", "-"): each for name, each in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag and wanted.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only element with a tag and these attributes."""
        (found,) = self.all(tag, **attributes)
        return found

    def addresses(self) -> Iterator[str]:
        """Whatever a browser would fetch, or a visitor can follow."""
        for element in self.elements:
            for name in ("href", "src", "srcset", "action", "poster", "data", "formaction"):
                if name in element.attributes:
                    yield element.attributes[name]


def html(answer: Response) -> Html:
    """A page's elements."""
    return Html(text(answer))
