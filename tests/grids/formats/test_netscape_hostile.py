"""Test broken and malicious bookmark files: no link is hidden, memory stays bounded."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.netscape.reader import NetscapeReader

MIB = 1024 * 1024
OPEN_QUOTE = "a quoted value is never closed"
AFTER = '\n<DT><A HREF="https://after.example/">after</A></DL>'


class LazyFile(io.RawIOBase):
    """A file made up while it is read, so that the test itself holds no more than a piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, None)):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def read(document: str | bytes) -> list[Entry]:
    data = document.encode() if isinstance(document, str) else document
    return list(NetscapeReader().read(io.BytesIO(data)))


def filled(before: bytes, filler: bytes, times: int, after: bytes) -> Iterator[bytes]:
    yield before
    for _ in range(times):
        yield filler
    yield after


def lazily(before: str, filler: str, size: int, peak: int) -> list[Entry]:
    """Read `before`, `filler` up to `size` bytes and AFTER in less memory than `peak` bytes."""
    piece = filler.encode() * (32 * 1024 // len(filler.encode()))
    pieces = filled(before.encode(), piece, size // len(piece), AFTER.encode())
    tracemalloc.start()
    try:
        entries = list(NetscapeReader().read(LazyFile(pieces)))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < peak
    finally:
        tracemalloc.stop()
    return entries


def without_left_out(entries: list[Entry]) -> list[Entry]:
    """All entries but the last, if it names what is not imported."""
    last = entries[-1]
    is_left_out = isinstance(last, FileProblem) and last.message.startswith("these attributes")
    return entries[:-1] if is_left_out else entries


def after_of(entries: list[Entry]) -> LinkEntry:
    last = without_left_out(entries)[-1]
    assert isinstance(last, LinkEntry)
    assert (last.url, last.title, last.problems) == ("https://after.example/", "after", ())
    return last


def test_huge_icon() -> None:
    entries = lazily('<DL><DT><A ICON="data:', "iVBORw0KGgo+/AAA", 100 * MIB, peak=MIB)
    after_of(entries)
    assert entries[:-1] == [
        FileProblem(1, "a link has no address (HREF)"),
        FileProblem(1, OPEN_QUOTE),
        FileProblem(1, "the tag is never closed"),
    ]


def test_huge_icon_of_a_sound_link() -> None:
    pieces = filled(
        b'<DL><DT><A ICON="', b"A" * MIB, 100, b'" HREF="https://x.example/">t</A></DL>'
    )
    tracemalloc.start()
    try:
        entries = list(NetscapeReader().read(LazyFile(pieces)))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 3 * MIB
    finally:
        tracemalloc.stop()
    assert without_left_out(entries) == [LinkEntry("https://x.example/", "t", line=1)]


@pytest.mark.parametrize(
    ("before", "filler"),
    [
        ('<DL><DT><A HREF="x:', "y"),
        ('<DL><DT><A HREF="x:', "y" * 99 + '"'),
        ("<DL><DT><A HREF=x:", "y"),
        ('<DL><DT><A HREF="x:">', "t "),
        ('<DL><DT><A HREF="x:">t</A><DD>', "<"),
        ('<DL><DT><A HREF="x:" ', "style=whatever-it-may-be "),
        ('<DL><DT><A HREF="x:" ', "="),
        ('<DL><DT><A HREF="x:" ', "a"),
        ("<DL><DT><A", " "),
        ("<DL><!--", "- "),
        ("<DL>", "\0"),
    ],
)
def test_huge_pieces_of_every_kind(before: str, filler: str) -> None:
    after_of(lazily(before, filler, 3 * MIB, peak=MIB))


def seconds_for(filler: str, size: int) -> float:
    document = ("<DL>" + filler * (size // len(filler)) + AFTER).encode()
    started = time.process_time()
    for _ in NetscapeReader().read(io.BytesIO(document)):
        pass
    return time.process_time() - started


@pytest.mark.parametrize(
    "filler",
    ['<A X="a>', "<A X='b>\n<DT>", "<!--\n<DT><A ", "<!---->", "<a ", '<A HREF="x>y</A>\n<DT>'],
)
def test_time_grows_with_size_only(filler: str) -> None:
    small, large = seconds_for(filler, MIB // 16), seconds_for(filler, MIB // 2)
    assert large < 8 * 3 * small + 0.2


@pytest.mark.parametrize("opening", ["<script>", '<script>if (a<b && c == "', "<style>a > b {"])
def test_unclosed_script(opening: str) -> None:
    assert after_of(read(f"<DL>{opening}{AFTER}")).line == 2


@pytest.mark.parametrize(
    "line_end",
    ["\n", "\r\n", "\r", ""],
)
def test_unclosed_comment(line_end: str) -> None:
    document = f'<DL><!-- never closed{line_end}<DT><A HREF="x:">t</A></DL>'
    assert read(document) == [
        FileProblem(1, "a comment is never closed"),
        LinkEntry("x:", "t", line=2 if "\n" in line_end else 1),
    ]


def test_comment_open_at_the_end() -> None:
    assert read('<DL><DT><A HREF="x:">t</A></DL>\n<!-- never closed') == [
        LinkEntry("x:", "t", line=1),
        FileProblem(2, "a comment is never closed"),
    ]


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!-- a -- <DT> b > -->", "<!--\n-->"])
def test_closed_comments_are_no_problem(comment: str) -> None:
    assert read(f'<DL>{comment}<DT><A HREF="x:">t</A></DL>') == [
        LinkEntry("x:", "t", line=1 + comment.count("\n"))
    ]


@pytest.mark.parametrize(
    ("markup", "url", "title", "problem"),
    [
        ('<A HREF="https://x.example/>t</A>', "https://x.example/", "t", OPEN_QUOTE),
        ("<A HREF='https://x.example/>t</A>", "https://x.example/", "t", OPEN_QUOTE),
        ('<A HREF="https://x.example/ ADD_DATE="0">t</A>', "https://x.example/", "t", OPEN_QUOTE),
        ('<A HREF="https://x.example/', "https://x.example/", "", OPEN_QUOTE),
        ('<A HREF="https://x.example/" ICON="data:a>t</A>', "https://x.example/", "t", OPEN_QUOTE),
        ('<A HREF="https://x.example/"', "https://x.example/", "", "the tag is never closed"),
    ],
)
def test_unclosed_tags_and_quotes(markup: str, url: str, title: str, problem: str) -> None:
    entries = read(f"<DL><DT>{markup}{AFTER}")
    assert after_of(entries).line == 2
    [broken] = without_left_out(entries)[:-1]
    assert isinstance(broken, LinkEntry)
    assert (broken.url, broken.title, broken.problems[0]) == (url, title, problem)


def test_unclosed_quote_in_a_file_of_one_line() -> None:
    assert read('<DL><DT><A HREF="x:>t</A><DT><A HREF="y:">u</A></DL>') == [
        LinkEntry("x:", "t", line=1, problems=(OPEN_QUOTE,)),
        LinkEntry("y:", "u", line=1),
    ]


def test_unclosed_quote_of_a_folder() -> None:
    assert without_left_out(
        read('<DL>\n<DT><H3 ID="1>F</H3>\n<DL><DT><A HREF="x:">t</A></DL></DL>')
    ) == [
        FileProblem(2, OPEN_QUOTE),
        FolderEntry(("F",), line=2),
        LinkEntry("x:", "t", line=3),
    ]


def test_quote_open_for_longer_than_is_kept() -> None:
    [broken, after] = read('<DL><DT><A HREF="https://x.example/' + "a" * 70_000 + AFTER)
    assert isinstance(broken, LinkEntry)
    assert broken.url == ("https://x.example/" + "a" * 70_000)[:65536]
    assert broken.problems == (OPEN_QUOTE, "the tag is never closed")
    after_of([after])


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ('<DL><DT><A HREF="x:{}">t</A></DL>', "HREF"),
        ('<DL><DT><A HREF="x:">{}</A></DL>', "the title"),
        ('<DL><DT><A HREF="x:">t</A><DD>{}</DL>', "the note"),
        ('<DL><DT><A HREF="x:" TAGS="{}">t</A></DL>', "TAGS"),
    ],
)
def test_what_is_too_long_is_cut_and_said(document: str, what: str) -> None:
    [link] = read(document.format("a" * 70_000))
    assert isinstance(link, LinkEntry)
    assert max(map(len, (link.url, link.title, link.note, *link.tags))) == 65536
    assert link.problems == (f"{what} is longer than 65536 characters and was cut",)


def test_truncated_in_a_folder() -> None:
    document = '<DL>\n<DT><H3>Dev</H3><DL>\n<DT><H3>Python</H3><DL>\n<DT><A HREF="x:">t</A>\n'
    assert read(document) == [
        FolderEntry(("Dev", "Python"), line=3),
        LinkEntry("x:", "t", line=4),
        FileProblem(5, "the file ends inside an open folder: Dev / Python"),
    ]


@pytest.mark.parametrize(
    "cut", ['<A HREF="https://x.exa', '<A HREF="x:" ICON="data:', '<A HREF="x:"', "<A", "<A HREF=x"]
)
def test_truncated_in_a_link(cut: str) -> None:
    assert read(f'<DL>\n<DT><A HREF="y:">t</A>\n<DT>{cut}') == [
        LinkEntry("y:", "t", line=2),
        FileProblem(3, "the file ends in the middle of a link"),
        FileProblem(3, "the file ends before its list of links is closed"),
    ]


def test_truncated_in_a_title_or_a_note() -> None:
    unclosed = FileProblem(1, "the file ends before its list of links is closed")
    cut_title = ("the file ends inside this link", "the tag is never closed")
    assert read('<DL><DT><A HREF="x:">titl') == [
        LinkEntry("x:", "titl", line=1, problems=cut_title),
        unclosed,
    ]
    cut_note = ("the file ends inside this link's note",)
    assert read('<DL><DT><A HREF="x:">t</A><DD>no') == [
        LinkEntry("x:", "t", "no", line=1, problems=cut_note),
        unclosed,
    ]


def test_nul_characters_everywhere() -> None:
    document = '<DL>\0<DT>\0<A\0HREF="x:\0"\0>\0t\0</A\0><DD>\0</DL>'
    problems = ("NUL characters were removed",)
    assert read(document) == [LinkEntry("x:", "t", line=1, problems=problems)]


def test_utf16_with_half_a_character() -> None:
    document = (
        '<DL><DT><A HREF="x:">t'.encode("utf-16-le") + b"\x3d\xd8" + "</A></DL>".encode("utf-16-le")
    )
    assert read(document) == [
        LinkEntry("x:", "t�", line=1, problems=("undecodable bytes were replaced",))
    ]


def test_binary_file_is_read_no_further_than_needed() -> None:
    taken = 0

    def noise() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 65536
            yield bytes(range(256)) * 256

    with pytest.raises(FormatError):
        next(NetscapeReader().read(LazyFile(noise())))  # type: ignore[arg-type]
    assert taken < 2 * MIB


def test_lists_nested_without_end() -> None:
    deep = 100_000
    assert read("<DL>" * deep + '<DT><A HREF="x:">t</A>' + "</DL>" * deep) == [
        FileProblem(1, "folders are nested more than 64 deep"),
        LinkEntry("x:", "t", line=1),
    ]


def test_folders_nested_without_end() -> None:
    deep = 100_000
    document = "<DL>" + "<DT><H3>f</H3><DL>" * deep + '<DT><A HREF="x:">t</A>' + "</DL>" * deep
    assert read(document) == [
        FileProblem(1, "folders are nested more than 64 deep"),
        FolderEntry(("f",) * 64, line=1),
        LinkEntry("x:", "t", line=1),
        FileProblem(1, "the file ends before its list of links is closed"),
    ]
