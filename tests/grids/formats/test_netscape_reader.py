"""Test reading each flavour of bookmark file, to the last character."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.netscape.reader import NetscapeReader


def read(document: str | bytes) -> list[Entry]:
    data = document.encode() if isinstance(document, str) else document
    return list(NetscapeReader().read(io.BytesIO(data)))


def one(document: str | bytes) -> LinkEntry:
    [link] = [entry for entry in read(document) if isinstance(entry, LinkEntry)]
    return link


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def left_out(*names: str) -> FileProblem:
    return FileProblem(0, f"these attributes are not imported: {', '.join(names)}")


CHROME = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file.
     It will be read and overwritten.
     DO NOT EDIT! -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Lesezeichen</TITLE>
<H1>Lesezeichen</H1>
<DL><p>
    <DT><H3 ADD_DATE="1600000000" LAST_MODIFIED="1700000000" \
PERSONAL_TOOLBAR_FOLDER="true">Leiste</H3>
    <DL><p>
        <DT><A HREF="https://a.example/?x=1&amp;y=2" ADD_DATE="1600000001" \
ICON="data:image/png;base64,iVBORw0KGgo=">A &amp; B</A>
        <DT><H3 ADD_DATE="1600000002" LAST_MODIFIED="0">Caf&eacute; &lt;3</H3>
        <DL><p>
            <DT><A HREF="https://b.example/" ADD_DATE="1600000003">日本語</A>
        </DL><p>
        <DT><A HREF="https://c.example/" ADD_DATE="0">C</A>
    </DL><p>
    <DT><A HREF="chrome://settings/">Settings</A>
</DL><p>
"""


def test_chrome() -> None:
    bar = FolderEntry(("Leiste",), created_on=at(1600000000), line=9)
    assert read(CHROME) == [
        bar,
        LinkEntry("https://a.example/?x=1&y=2", "A & B", created_on=at(1600000001), line=11),
        FolderEntry(("Leiste", "Café <3"), created_on=at(1600000002), line=12),
        LinkEntry("https://b.example/", "日本語", created_on=at(1600000003), line=14),
        bar,
        LinkEntry("https://c.example/", "C", line=16),
        FolderEntry(()),
        LinkEntry("chrome://settings/", "Settings", line=18),
        left_out("PERSONAL_TOOLBAR_FOLDER of folders", "LAST_MODIFIED of folders", "ICON"),
    ]


def test_firefox() -> None:
    document = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'self'; script-src 'none'; img-src data: *; object-src 'none'"></meta>
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks Menu</H1>

<DL><p>
    <DT><A HREF="place:sort=8&maxResults=10" ADD_DATE="1500000000">Most Visited</A>
    <HR>    <DT><H3 ADD_DATE="1500000001" UNFILED_BOOKMARKS_FOLDER="true">Other</H3>
    <DD>Everything else
    <DL><p>
        <DT><A HREF="https://a.example/" ADD_DATE="1500000002" \
ICON_URI="fake-favicon-uri:https://a.example/" \
ICON="data:image/svg+xml,<svg xmlns='x'/>" LAST_CHARSET="UTF-8" \
SHORTCUTURL="a" TAGS="news,daily">A</A>
        <DD>First line
second line
        <DT><A FEEDURL="https://a.example/feed">Feed</A>
    </DL>
</DL>
"""
    assert read(document) == [
        LinkEntry("place:sort=8&maxResults=10", "Most Visited", created_on=at(1500000000), line=9),
        FolderEntry(("Other",), "Everything else", at(1500000001), line=10),
        LinkEntry(
            "https://a.example/",
            "A",
            "First line\nsecond line",
            ("news", "daily"),
            at(1500000002),
            line=13,
            states=("keyword:a",),
        ),
        LinkEntry("https://a.example/feed", "Feed", line=16),
        left_out("UNFILED_BOOKMARKS_FOLDER of folders", "ICON_URI", "ICON", "LAST_CHARSET"),
    ]


def test_safari_has_no_outermost_list() -> None:
    document = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
\t<HTML>
\t<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
\t<Title>Bookmarks</Title>
\t<H1>Bookmarks</H1>
\t<DT><H3 FOLDED>Favourites</H3>
\t<DL><p>
\t\t<DT><A HREF="https://a.example/">&quot;A&quot;</A>
\t</DL><p>
\t<DT><H3 FOLDED id="com.apple.ReadingList">Reading List</H3>
\t<DL><p>
\t\t<DT><A HREF="https://b.example/">B</A>
\t\t<DD>Saved for the train
\t</DL><p>
</HTML>
"""
    assert read(document) == [
        FolderEntry(("Favourites",), line=6),
        LinkEntry("https://a.example/", '"A"', line=8),
        FolderEntry(("Reading List",), line=10),
        LinkEntry("https://b.example/", "B", "Saved for the train", line=12),
        left_out("ID of folders"),
    ]


def test_linkding() -> None:
    lines = [
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>",
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">',
        "<DL><p>",
        '<DT><A HREF="https://a.example/?a=1&copy=2&amp;c" ADD_DATE="1600000000"'
        ' LAST_MODIFIED="1600000007" PRIVATE="1" TOREAD="0" TAGS="x,linkding:bookmarks.archived">'
        "A</A>",
        "<DD>About A\nmore[linkding-notes]## Notes\n\n* one[/linkding-notes]",
        '<DT><A HREF="https://b.example/?q="exact"&n=1" PRIVATE="0" TAGS="">B</A>',
        "<DD>[linkding-notes]only notes[/linkding-notes]",
        "</DL><p>",
    ]
    assert read("\n\r".join(lines)) == [
        LinkEntry(
            "https://a.example/?a=1&copy=2&c",
            "A",
            "About A\nmore\n\n## Notes\n\n* one",
            ("x", "linkding:bookmarks.archived"),
            at(1600000000),
            private=True,
            line=4,
            modified_on=at(1600000007),
            archived=True,
        ),
        LinkEntry(
            'https://b.example/?q="exact"&n=1',
            "B",
            "only notes",
            private=False,
            line=9,
            problems=("a quote inside a value was not escaped",),
        ),
    ]


def test_pinboard() -> None:
    document = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<DL><p><DT><A HREF="https://a.example/" ADD_DATE="1429526400" PRIVATE="1" TOREAD="1" \
TAGS="c++,日本">A</A>
<DD><blockquote>Said & done</blockquote>
<DT><A HREF="https://b.example/" ADD_DATE="1429526401" PRIVATE="0" TAGS="">B</A>

</DL></p>
"""
    assert read(document) == [
        LinkEntry(
            "https://a.example/",
            "A",
            "<blockquote>Said & done</blockquote>",
            ("c++", "日本"),
            at(1429526400),
            private=True,
            line=2,
            states=("toread",),
        ),
        LinkEntry("https://b.example/", "B", created_on=at(1429526401), private=False, line=4),
    ]


@pytest.mark.parametrize(
    ("attributes", "states", "problems"),
    [
        ('TOREAD="1"', ("toread",), ()),
        ('TOREAD="1" UNREAD="yes" STARRED="1" PINNED="0"', ("toread", "starred"), ()),
        ('TOREAD="0" TAGS="a"', (), ()),
        ('TOREAD="soon"', (), ("TOREAD is neither 0 nor 1",)),
        ('SHORTCUTURL="s &amp; t"', ("keyword:s & t",), ()),
        ('FAVORITE="true"', ("starred",), ()),
    ],
)
def test_what_else_a_link_is(
    attributes: str, states: tuple[str, ...], problems: tuple[str, ...]
) -> None:
    link = one(f'<DL><DT><A HREF="x:" {attributes}>t</A></DL>')
    assert (link.states, link.problems) == (states, problems)


NOTE_CASES = [
    'see <a href="https://other.example/x">this element</a> and more',
    'one\n<a href="https://other.example/">two</a>\nthree',
    'a <A NAME="top">b</A> c',
    "use <h1>, <h3>x</h3> and <p> here<hr>there",
    "a list: <dl><dt>term</dt><dd>said</dd></dl> end",
    "lines:\n<dl>\n<dt>term</dt>\n<dd>said</dd>\n</dl>\nend",
    "the <DT> tag, the <dd> tag and <!-- a remark -->",
    "<ul>\n<li>one\n</ul>",
    "<p>all of it</p>",
]


@pytest.mark.parametrize("note", NOTE_CASES)
@pytest.mark.parametrize(
    "after", ['\n<DT><A HREF="y:">u</A>\n', '<DT><A HREF="y:">u</A>', '\n  <dt> <a HREF="y:">u</A>']
)
def test_markup_inside_a_note_is_its_text(note: str, after: str) -> None:
    document = f'<DL><p>\n<DT><A HREF="x:">t</A>\n<DD>{note}{after}</DL><p>'
    links = [entry for entry in read(document) if isinstance(entry, LinkEntry)]
    assert [(link.url, link.title, link.note) for link in links] == [
        ("x:", "t", note),
        ("y:", "u", ""),
    ]


@pytest.mark.parametrize(
    "title",
    [
        'see <a href="https://other.example/">this</a> page',
        "the <a> tag",
        "the <h1> and <h3>x</h3> tags, and <a>",
        "use <dl>, <dt>, <dd>, <p>, <hr> and <br> well",
        "a <!-- remark --> here",
    ],
)
def test_markup_inside_a_title_is_its_text(title: str) -> None:
    document = f'<DL><DT><A HREF="x:">{title}</A>\n<DT><A HREF="y:">u</A></DL>'
    assert read(document) == [
        LinkEntry("x:", title, line=1),
        LinkEntry("y:", "u", line=2),
    ]


def test_lists_after_notes_are_lists() -> None:
    """A note ends where an entry, a folder or the end of a list plainly begins."""
    document = """<DL><p>
<DT><H3>F</H3><DD>about <a href="z:">it</a>
<DL><p>
<DT><A HREF="x:">t</A><DD>n</DL><p>
<DT><A HREF="y:">u</A><DD>m
<HR>
</DL>
"""
    assert read(document) == [
        FolderEntry(("F",), 'about <a href="z:">it</a>', line=2),
        LinkEntry("x:", "t", "n", line=4),
        FolderEntry(()),
        LinkEntry("y:", "u", "m", line=5),
    ]


def test_file_without_dt_has_a_link_a_line() -> None:
    document = '<DL>\n<A HREF="x:">t</A><DD>a <a href="z:">b</a>\n<A HREF="y:">u</A>\n</DL>'
    assert read(document) == [
        LinkEntry("x:", "t", 'a <a href="z:">b</a>', line=2),
        LinkEntry("y:", "u", line=3),
    ]


def test_sections_of_pocket() -> None:
    document = """<!DOCTYPE html><html><head><title>Pocket Export</title></head><body>
<h1>Unread</h1>
<ul>
<li><a href="https://a.example/" time_added="1500000000" tags="dev,js">A</a></li>
</ul>

<h1>Read Archive</h1>
<ul>
<li><a href="https://b.example/" time_added="1400000000" tags="">B</a></li>
</ul>
</body></html>
"""
    assert read(document) == [
        FolderEntry(("Unread",), line=2),
        LinkEntry(
            "https://a.example/", "A", "", ("dev", "js"), at(1500000000), line=4, states=("toread",)
        ),
        FolderEntry(("Read Archive",), line=7),
        LinkEntry("https://b.example/", "B", "", (), at(1400000000), line=9, archived=True),
    ]


def test_lists_of_an_ordinary_page_are_no_folders() -> None:
    page = '<body><ul><li><a href="x:">t</a><ul><li><a href="y:">u</a></ul></ul></body><dl></dl>'
    assert read(page) == [LinkEntry("x:", "t", line=1), LinkEntry("y:", "u", line=1)]


@pytest.mark.parametrize(
    ("markup", "note"),
    [
        ('<A HREF="x:" description="one &amp;\ntwo">t</A>', "one &\ntwo"),
        ('<A HREF="x:" DESCRIPTION="one">t</A>\n<DD>two', "two\n\none"),
        ('<A HREF="x:" DESCRIPTION="one" NOTE="one" COMMENT="three">t</A>', "one\n\nthree"),
    ],
)
def test_notes_in_attributes(markup: str, note: str) -> None:
    assert one(f"<DL><DT>{markup}\n</DL>").note == note


def test_what_is_left_out_is_named_once() -> None:
    links = "".join(
        f'<DT><A HREF="x:" hash="{n}" Visits="7" STYLE="" FEEDURL="f:">t</A>\n' for n in range(3)
    )
    assert read(f"<DL>{links}</DL>")[3:] == [left_out("HASH", "VISITS", "FEEDURL")]


def test_last_modified() -> None:
    link = one('<DL><DT><A HREF="x:" LAST_MODIFIED="1600000001">t</A></DL>')
    assert (link.created_on, link.modified_on) == (None, at(1600000001))
    link = one('<DL><DT><A HREF="x:" LAST_MODIFIED="lately">t</A></DL>')
    assert (link.modified_on, link.problems) == (None, ("LAST_MODIFIED is not a date",))


def test_addresses_are_not_judged() -> None:
    addresses = ["javascript:alert('</a>')", "data:text/html,<p>hi", "not a url", "mailto:a@b"]
    links = "".join(f'<DT><A HREF="{address}">t</A>\n' for address in addresses)
    found = [entry for entry in read(f"<DL>{links}</DL>") if isinstance(entry, LinkEntry)]
    assert [(link.url, link.problems) for link in found] == [(each, ()) for each in addresses]


def test_stray_signs_are_text() -> None:
    link = one('<DL><DT><A HREF="x:">1 < 2 <b>bold</b> AT&T <3</A><DD>a<br>b</DL>')
    assert (link.title, link.note) == ("1 < 2 <b>bold</b> AT&T <3", "a\nb")


def test_link_without_title_end() -> None:
    assert read('<DL><DT><A HREF="x:">one\n<DT><A HREF="y:">two</A></DL>') == [
        LinkEntry("x:", "one", line=1, problems=("the tag is never closed",)),
        LinkEntry("y:", "two", line=2),
    ]


def test_problems_that_belong_to_no_link() -> None:
    document = """<DL><p>
</DL><p>
</DL><p>
<DT><A NAME="top">nowhere</A>
<DT><H3>Empty</H3>
<DT><A HREF="x:">t</A>
"""
    assert read(document) == [
        FileProblem(3, "a list is closed that was never opened"),
        FileProblem(4, "a link has no address (HREF)"),
        FileProblem(5, "a folder has no list of links"),
        LinkEntry("x:", "t", line=6),
    ]


def test_folders_of_the_same_name_are_two() -> None:
    folder = "<DT><H3>F</H3><DL><DT><A HREF='x:'>t</A></DL>"
    assert read(f"<DL>{folder}{folder}</DL>") == [
        FolderEntry(("F",), line=1),
        LinkEntry("x:", "t", line=1),
        FolderEntry(("F",), line=1),
        LinkEntry("x:", "t", line=1),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(encoding: str) -> None:
    assert read(CHROME.encode(encoding)) == read(CHROME)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \n", "This is not a bookmark file: no list and no link was found in it."),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9000, "This is not a bookmark file"),
        (b'{"roots": {}}', "This is not a bookmark file"),
    ],
)
def test_files_of_another_kind(data: bytes, sentence: str) -> None:
    with pytest.raises(FormatError) as raised:
        read(data)
    assert str(raised.value).startswith(sentence)


def test_bookmark_file_without_links() -> None:
    assert read("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>None</TITLE>") == [
        FileProblem(2, "the file has no list of links")
    ]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (CHROME.encode(), True),
        (CHROME.encode("utf-16"), True),
        (b'\xef\xbb\xbf <a class="x" href="https://a.example/">', True),
        (b"<html><body>Nothing here</body></html>", False),
        (b"url,title\nhttps://a.example/,<a href='x'>", False),
        (b"", False),
    ],
)
def test_sniff(head: bytes, expected: bool) -> None:
    assert NetscapeReader.sniff(head) is expected


def test_the_example_file() -> None:
    entries = read((Path(__file__).parents[3] / "examples" / "bookmarks.html").read_bytes())
    links = [entry for entry in entries if isinstance(entry, LinkEntry)]
    folders = {entry.path for entry in entries if isinstance(entry, FolderEntry)}
    assert (len(links), len(folders), len({link.url for link in links})) == (351, 16, 350)
    assert [entry for entry in entries if isinstance(entry, FileProblem)] == [
        left_out("PERSONAL_TOOLBAR_FOLDER of folders", "LAST_MODIFIED of folders", "ICON")
    ]
    assert not any(link.problems for link in links)
    assert {link.url.partition(":")[0] for link in links} == {"https", "javascript", "chrome"}
