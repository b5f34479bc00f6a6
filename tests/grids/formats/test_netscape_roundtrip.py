"""Test that written files are read back unchanged, and that any bytes can be read."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.netscape.reader import NetscapeReader
from grids.formats.netscape.writer import netscape_document

FRAGMENTS = [
    "</A>",
    "<!--",
    "-->",
    '"',
    "'",
    ",",
    " ",
    "\n",
    "\r\n",
    "\t",
    "&",
    "&amp;",
    "&#44;",
    "&lt",
    '\n<DT><A HREF="',
    "</DL>",
    "<script>",
    "[linkding-notes]",
    "[/linkding-notes]",
    "\ufffd",
    "\u3000",
    "👩‍👩‍👧",
    "שלום",
    "\u202e",
]
characters = st.characters(exclude_categories=["Cs", "Cc"])
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(characters, max_size=5), max_size=6).map(
    "".join
)
moments = st.none() | st.integers(1, 10**10).map(
    lambda s: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
links = st.builds(
    LinkEntry,
    url=texts.map(str.strip).filter(bool),
    title=texts,
    note=texts,
    tags=st.lists(texts.filter(bool), max_size=4).map(tuple),
    created_on=moments,
    private=st.sampled_from([None, False, True]),
)
paths = st.lists(st.sampled_from(["a", "b"]) | texts, max_size=3).map(tuple)
groups = st.lists(st.tuples(paths, st.lists(links, min_size=1, max_size=3)), max_size=5)


def read(data: bytes) -> list[Entry]:
    return list(NetscapeReader().read(io.BytesIO(data)))


def written(entries: Iterable[FolderEntry | LinkEntry], title: str = "t") -> bytes:
    return "".join(netscape_document(entries, title)).encode()


def entries_of(
    groups: list[tuple[tuple[str, ...], list[LinkEntry]]],
) -> list[FolderEntry | LinkEntry]:
    entries: list[FolderEntry | LinkEntry] = []
    before: tuple[str, ...] = ()
    for path, members in groups:
        if path or before:
            entries.append(FolderEntry(path))
        entries.extend(members)
        before = path
    return entries


def without_lines(entries: Iterable[Entry]) -> list[Entry]:
    return [replace(entry, line=0) for entry in entries]


@given(groups, texts)
def test_what_is_written_is_read_back(
    groups: list[tuple[tuple[str, ...], list[LinkEntry]]], title: str
) -> None:
    entries = entries_of(groups)
    assert without_lines(read(written(entries, title))) == entries


def test_folder_details_come_back() -> None:
    day = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
    entries: list[FolderEntry | LinkEntry] = [
        FolderEntry(("Grid, <one>",), "  what it is\nabout ", day),
        LinkEntry("https://a.example/", "A"),
        FolderEntry(("Grid, <one>",), "another of that name"),
        LinkEntry("https://b.example/", "B"),
    ]
    assert without_lines(read(written(entries))) == entries


def test_moments_are_written_in_whole_seconds() -> None:
    late = datetime(2024, 1, 1, 0, 0, 0, 999999, tzinfo=UTC)
    old = datetime(1969, 12, 31, tzinfo=UTC)
    found = read(
        written([LinkEntry("x:", "a", created_on=late), LinkEntry("y:", "b", created_on=old)])
    )
    moments = [entry.created_on for entry in found if isinstance(entry, LinkEntry)]
    assert moments == [datetime(2024, 1, 1, tzinfo=UTC), None]


def test_document_as_it_stands() -> None:
    entries: list[FolderEntry | LinkEntry] = [
        FolderEntry(("News",)),
        LinkEntry(
            "https://a.example/?a=1&b=2",
            'Say "hi" </A>',
            " one\ntwo",
            ("a,b", "c"),
            datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC),
            private=True,
        ),
    ]
    assert written(entries, "My links").decode() == (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n"
        "<!-- A list of links that browsers and bookmark managers can import. -->\n"
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">\n'
        "<TITLE>My links</TITLE>\n"
        "<H1>My links</H1>\n"
        "<DL><p>\n"
        "    <DT><H3>News</H3>\n"
        "    <DL><p>\n"
        '        <DT><A HREF="https://a.example/?a=1&amp;b=2" ADD_DATE="1600000000" PRIVATE="1"'
        ' TAGS="a&#44;b,c">Say "hi" &lt;/A&gt;</A>\n'
        "        <DD>&#32;one\ntwo\n"
        "    </DL><p>\n"
        "</DL><p>\n"
    )


def test_document_is_streamed() -> None:
    def endless() -> Iterable[LinkEntry]:
        while True:
            yield LinkEntry("x:", "t")

    pieces = iter(netscape_document(endless()))
    assert [next(pieces) for _ in range(3)][1:] == ['    <DT><A HREF="x:">t</A>\n'] * 2


@given(groups, st.data())
def test_a_truncated_document_yields_its_first_links(
    groups: list[tuple[tuple[str, ...], list[LinkEntry]]], data: st.DataObject
) -> None:
    whole = [link for _, members in groups for link in members]
    document = written(entries_of(groups))
    size = data.draw(st.integers(0, len(document)))
    try:
        entries = without_lines(read(document[:size]))
    except FormatError:
        assert b"<DL>" not in document[:size]
        return
    found = [entry for entry in entries if isinstance(entry, LinkEntry)]
    assert found[:-1] == whole[: max(0, len(found) - 1)]
    for last, origin in zip(found[-1:], whole[len(found) - 1 :], strict=False):
        assert (last.url, last.tags, last.created_on) == (
            origin.url,
            origin.tags,
            origin.created_on,
        )
        assert last.problems or last.title == origin.title
    assert len(found) == len(whole) or any(isinstance(each, FileProblem) for each in entries)


markup = st.sampled_from(
    [
        b"<A HREF=",
        b'"',
        b"'",
        b">",
        b"</A>",
        b"<DL>",
        b"</DL>",
        b"<H3>",
        b"</H3>",
        b"<DD>",
        b"\n<DT>",
        b"<!--",
        b"-->",
        b"<",
        b"/",
        b"=",
        b" TAGS=",
        b" ADD_DATE=",
        b"\0",
        b"\xff",
        b"&#",
    ]
)


@given(st.lists(markup | st.binary(max_size=4), max_size=60).map(b"".join))
@example(b"<A HREF='<A HREF='<A HREF='")
@example(b"<DL><DT><A HREF='x\n<DT><A HREF=\"y")
def test_no_bytes_upset_the_reader(data: bytes) -> None:
    try:
        entries = read(data)
    except FormatError:
        return
    lines = data.count(b"\n") + 1
    assert all(0 <= entry.line <= lines for entry in entries)


@given(st.binary(max_size=400))
def test_no_bytes_upset_the_reader_of_a_list(data: bytes) -> None:
    after = b'\n<DT><A HREF="https://last.example/">last</A></DL>'
    entries = read(b"<DL>" + data + after)
    assert "https://last.example/" in [e.url for e in entries if isinstance(e, LinkEntry)]
