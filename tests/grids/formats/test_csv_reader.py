"""Test reading the tables of each tool, to the last cell."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.csv.reader import CsvReader, PocketReader
from tests.support.grids import link_files


def read(table: str | bytes, columns: dict[str, str] | None = None) -> list[Entry]:
    data = table.encode() if isinstance(table, str) else table
    return list(CsvReader(columns).read(io.BytesIO(data)))


def one(table: str | bytes) -> LinkEntry:
    [link] = [entry for entry in read(table) if isinstance(entry, LinkEntry)]
    return link


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


MAY_1, MAY_2 = at(2024, 5, 1, 10), at(2024, 5, 2, 10)
A = "https://a.example/"


def ignored(*names: str) -> FileProblem:
    return FileProblem(1, f"these columns are not imported: {', '.join(names)}")


def test_dub() -> None:
    assert read(link_files.DUB) == [
        ignored("Leads"),
        LinkEntry(
            "https://a.example/?x=1",
            "",
            tags=("News", "Spring sale"),
            created_on=MAY_1,
            line=2,
            modified_on=at(2024, 6, 1, 10),
            archived=False,
            clicks=12,
            alias="promo",
            source_id="link_1",
        ),
        LinkEntry(
            "https://b.example/",
            "",
            tags=("@home",),
            created_on=MAY_2,
            line=3,
            modified_on=MAY_2,
            archived=True,
            clicks=0,
            source_id="link_2",
        ),
    ]


def test_shlink_web_client() -> None:
    assert read(link_files.SHLINK_WEB) == [
        ignored("domain", "shortUrl"),
        LinkEntry(
            A, "A", tags=("x", "y"), created_on=at(2024, 5, 1, 8), line=2, clicks=7, alias="abc"
        ),
    ]


def test_shlink_import() -> None:
    assert read(link_files.SHLINK_IMPORT) == [
        ignored("Domain"),
        LinkEntry(A, "A", tags=("x", "y"), line=2, alias="abc"),
    ]
    assert read(link_files.SHLINK_SHORT_URL) == [LinkEntry(A, "", line=2, alias="deep/abc")]


def test_yourls() -> None:
    assert read(link_files.YOURLS) == [
        LinkEntry('https://a.example/?q="x"', "", line=2, clicks=1234, alias="ozh")
    ]


def test_bitly() -> None:
    assert read(link_files.BITLY) == [
        LinkEntry(
            A,
            "A",
            tags=("x", "y"),
            created_on=at(2020, 10, 26, 17, 20, 40),
            line=2,
            archived=False,
            clicks=3,
            alias="XXXX",
            source_id="bit.ly/XXXX",
        )
    ]


def test_kutt() -> None:
    assert read(link_files.KUTT) == [
        ignored("banned", "domain", "link"),
        LinkEntry(
            A,
            "",
            "About",
            created_on=MAY_1,
            line=2,
            modified_on=MAY_2,
            clicks=9,
            alias="abc",
            source_id="u1",
        ),
    ]


def test_rebrandly() -> None:
    assert read(link_files.REBRANDLY) == [
        LinkEntry(
            A,
            "A",
            created_on=MAY_1,
            line=2,
            modified_on=MAY_2,
            clicks=4,
            alias="abc",
            source_id="r1",
        )
    ]


def test_short_io() -> None:
    assert read(link_files.SHORT_IO) == [
        LinkEntry(A, "A", tags=("x",), created_on=MAY_1, line=2, archived=False, alias="abc")
    ]


def test_gridlink() -> None:
    """Two grids of one title are two; the first is the same when it is returned to."""
    entries = read(link_files.GRIDLINK)
    folder = FolderEntry(("Home",), line=2)
    assert entries == [
        ignored("x"),
        folder,
        LinkEntry(
            A,
            "=1+1",
            "two\nlines",
            ("a|b", "c, d", "e\\f"),
            MAY_1.replace(microsecond=1),
            line=2,
            modified_on=MAY_2,
            alias="promo",
            source_id="Lk1",
        ),
        FolderEntry(("Home",), line=4),
        LinkEntry(
            "https://b.example/",
            "B",
            created_on=MAY_1,
            line=4,
            modified_on=MAY_2,
            source_id="Lk2",
        ),
        folder,
        LinkEntry(
            "https://c.example/",
            "C",
            created_on=MAY_1,
            line=5,
            modified_on=MAY_2,
            source_id="Lk3",
        ),
    ]
    first, second, again = [entry for entry in entries if isinstance(entry, FolderEntry)]
    assert first.identity is again.identity is not second.identity


def test_gridlink_with_few_columns() -> None:
    """What a link was called is no short code, and a tag's comma is known by its backslash."""
    assert read(f'link,url,tags\nLk1,{A},"a\\, b, c"\n') == [
        LinkEntry(A, "", tags=("a, b", "c"), line=2, source_id="Lk1")
    ]
    assert read(f'url;tags\n{A};"a\\, b, c"\n') == [LinkEntry(A, "", tags=("a, b", "c"), line=2)]


def test_pocket() -> None:
    assert list(PocketReader().read(io.BytesIO(link_files.POCKET.encode()))) == [
        LinkEntry(
            A,
            "A, the first",
            tags=("x", "y z"),
            created_on=at(2020, 9, 13, 12, 26, 40),
            line=2,
            states=("toread",),
        ),
        LinkEntry(
            "https://b.example/",
            "https://b.example/",
            created_on=at(2020, 9, 13, 12, 26, 41),
            line=3,
            archived=True,
        ),
    ]


def test_raindrop() -> None:
    table = (
        "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
        f'1,A,,What it says,{A},,"x, y",2024-05-01T10:00:00.000Z,https://c.example/c.png,,true\n'
        f"2,B,Mine,What it says,{A},,,2024-05-01T10:00:00.000Z,,A passage,false\n"
    )
    assert read(table) == [
        ignored("cover"),
        LinkEntry(
            A, "A", "What it says", ("x", "y"), MAY_1, line=2, source_id="1", states=("starred",)
        ),
        LinkEntry(A, "B", "Mine\n\nWhat it says\n\nA passage", (), MAY_1, line=3, source_id="2"),
    ]


def test_instapaper() -> None:
    table = (
        "URL,Title,Selection,Folder,Timestamp,Tags\n"
        f"{A},none,,Unread,1714557600,[]\n"
        f'{A},two,A passage I marked,Archive,1714557600,"[""react"",""two words""]"\n'
    )
    assert read(table) == [
        FolderEntry(("Unread",), line=2),
        LinkEntry(A, "none", created_on=MAY_1, line=2),
        FolderEntry(("Archive",), line=3),
        LinkEntry(A, "two", "A passage I marked", ("react", "two words"), MAY_1, line=3),
    ]


def test_readwise() -> None:
    table = (
        "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\n"
        f"A,{A},i1,\"['example', 'two words']\",2024-05-01 10:00:00+00:00,0,archive,True\n"
        f"B,{A},i2,[],2024-05-01 10:00:00+00:00,0.5,new,False\n"
    )
    assert read(table) == [
        ignored("Reading progress", "Seen"),
        FolderEntry(("archive",), line=2),
        LinkEntry(A, "A", "", ("example", "two words"), MAY_1, line=2, source_id="i1"),
        FolderEntry(("new",), line=3),
        LinkEntry(A, "B", created_on=MAY_1, line=3, source_id="i2"),
    ]


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("[]", ()),
        ("[ ]", ()),
        ("{}", ()),
        ('["a","b c"]', ("a", "b c")),
        ("['a', 'b c']", ("a", "b c")),
        ("['it\\'s', \"b\"]", ("it's", "b")),
        ('["caf\\u00e9", "a, b"]', ("café", "a, b")),
        ('[{"name": "a"}, {"label": "b"}]', ("a", "b")),
        ("[a, b]", ("a", "b")),
        ("{a,b}", ("a", "b")),
        ('{"a b",c}', ("a b", "c")),
        ("('a', 'b')", ("a", "b")),
        ("a; b", ("a", "b")),
        ("a|b", ("a", "b")),
        ("a\nb", ("a", "b")),
        ("[draft] a", ("[draft] a",)),
        ("[a], [b]", ("[a]", "[b]")),
        ("(a)", ("(a)",)),
        ("['open, b]", ("'open", "b")),
    ],
)
def test_spellings_of_tags(written: str, tags: tuple[str, ...]) -> None:
    cell = written.replace('"', '""')
    assert one(f'url,tags\n{A},"{cell}"\n').tags == tags


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_first_line_that_names_the_delimiter(first: str, line_end: str) -> None:
    table = line_end.join([first, "url;title;tags", f'{A};Eins;"a,b"', ""])
    assert read(table) == [LinkEntry(A, "Eins", tags=("a", "b"), line=3)]
    assert CsvReader.sniff(table.encode())


def test_delimiter_that_is_named_may_be_any() -> None:
    assert read(f"sep=^\nurl^title,x\n{A}^t\n") == [
        FileProblem(2, "these columns are not imported: title,x"),
        LinkEntry(A, "", line=3),
    ]


@pytest.mark.parametrize(
    ("header", "states"),
    [
        ("starred", ("starred",)),
        ("Is Favorite", ("starred",)),
        ("pinned", ("pinned",)),
        ("to_read", ("toread",)),
        ("is read", ("read",)),
    ],
)
def test_columns_of_states(header: str, states: tuple[str, ...]) -> None:
    assert one(f"url,{header}\n{A},yes\n") == LinkEntry(A, "", line=2, states=states)
    assert one(f"url,{header}\n{A},no\n") == LinkEntry(A, "", line=2)


def test_notes_of_several_columns_are_one() -> None:
    assert one(f"url,description,notes,excerpt\n{A},a,b,a\n").note == "b\n\na"


def test_folders() -> None:
    table = f"folder,url\n,{A}1\nDev,{A}2\n,{A}3\nDev,{A}4\n"
    dev = FolderEntry(("Dev",), line=3)
    assert read(table) == [
        LinkEntry(f"{A}1", "", line=2),
        dev,
        LinkEntry(f"{A}2", "", line=3),
        FolderEntry(()),
        LinkEntry(f"{A}3", "", line=4),
        dev,
        LinkEntry(f"{A}4", "", line=5),
    ]


@pytest.mark.parametrize(
    "header", ["URL,Title", "url,title", " Long-URL , TITLE ", "long_url,link title", "link,name"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_names_and_delimiters(header: str, delimiter: str) -> None:
    table = f"{header}\n{A},t\n".replace(",", delimiter)
    assert read(table) == [LinkEntry(A, "t", line=2)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file(line_end: str) -> None:
    lines = ["", "url,note", f'{A}1,"one', "", 'two"', "", f"{A}2,three"]
    assert read(line_end.join(lines)) == [
        LinkEntry(f"{A}1", "", "one\n\ntwo", line=3),
        LinkEntry(f"{A}2", "", "three", line=7),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(encoding: str) -> None:
    title = "naïve title in 日本 👩‍👩‍👧"
    table = f"url,title\n{A},{title}\n"
    assert read(table.encode(encoding)) == [LinkEntry(A, title, line=2)]


def test_windows_1252_alone_and_mixed_with_utf8() -> None:
    table = f"url,title\n{A},“Œuvre” à 5 €\n".encode("cp1252") + f"{A},Œuvre\n".encode()
    problem = "bytes that are not UTF-8 were read as Windows-1252"
    assert read(table) == [
        LinkEntry(A, "“Œuvre” à 5 €", line=2, problems=(problem,)),
        LinkEntry(A, "Œuvre", line=3),
    ]


def test_markup_in_a_cell_declares_no_encoding() -> None:
    note = "é as in <meta charset=windows-1251>"
    assert one(f'url,title,note\n{A},é,"{note}"\n') == LinkEntry(A, "é", note, line=2)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_guards_are_taken_off(sign: str) -> None:
    assert one(f"url,title,tags\n{A},'{sign}x,'{sign}y\n") == LinkEntry(
        A, f"{sign}x", tags=(f"{sign}y",), line=2
    )


def test_other_apostrophes_stay() -> None:
    assert one(f"url,title,note\n{A},'t was,'\n") == LinkEntry(A, "'t was", "'", line=2)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-05-01T10:00:00Z", MAY_1),
        ("2024-05-01T12:00:00.000+02:00", MAY_1),
        ("2024-05-01T10:00:00+0000", MAY_1),
        ("2024-05-01 10:00:00 UTC", MAY_1),
        ("2024-05-01 12:00:00 +0200", MAY_1),
        ("1714557600", MAY_1),
        ("1714557600.25", MAY_1),
        ("1714557600000", MAY_1),
        ("1714557600000000", MAY_1),
        ("13359031200000000", MAY_1),
        ("13359031200", MAY_1),
        ("133590312000000000", MAY_1),
        ("Wed, 01 May 2024 12:00:00 +0200", MAY_1),
        ("315532800", at(1980, 1, 1)),
        ("0", None),
        ("", None),
    ],
)
def test_dates(written: str, expected: datetime | None) -> None:
    assert one(f'url,created\n{A},"{written}"\n') == LinkEntry(A, "", created_on=expected, line=2)


@pytest.mark.parametrize(
    "written", ["2024-05-01 10:00:00", "2024-05-01T10:00:00", "20240501100000"]
)
def test_dates_without_zone(written: str) -> None:
    assert one(f"url,created\n{A},{written}\n") == LinkEntry(
        A,
        "",
        created_on=MAY_1,
        line=2,
        problems=("created has no time zone and was taken for UTC",),
    )


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("yesterday", "Created at is not a date"),
        ("50000-01-01T00:00:00Z", "Created at is not a date"),
        ("05/01/2024", "Created at is not a date"),
        ("-5", "Created at is not a date"),
        ("9" * 20, "Created at is not a date"),
        ("9" * 5000, "Created at is not a date"),
        ("9999-12-31T23:59:59-23:59", "Created at is in the year 9999 and was left out"),
        ("0001-01-01T00:00:00+23:59", "Created at is in the year 1 and was left out"),
        ("99999999999", "Created at is in the year 5138 and was left out"),
    ],
)
def test_nonsense_dates(written: str, problem: str) -> None:
    assert one(f"url,Created at\n{A},{written}\n") == LinkEntry(A, "", line=2, problems=(problem,))


@pytest.mark.parametrize(
    ("written", "expected"), [("7", 7), ("1,234,567", 1234567), ("3.0", 3), ("", None)]
)
def test_clicks(written: str, expected: int | None) -> None:
    assert one(f'url,clicks\n{A},"{written}"\n').clicks == expected


@pytest.mark.parametrize("written", ["many", "-1", "1.5", "9" * 19, "٣", "1e3"])
def test_nonsense_clicks(written: str) -> None:
    link = one(f"url,Hits\n{A},{written}\n")
    assert (link.clicks, link.problems) == (None, ("Hits is not a whole number",))


def test_nonsense_answers() -> None:
    link = one(f"url,archived\n{A},maybe\n")
    assert (link.archived, link.problems) == (None, ("archived is neither yes nor no",))


def test_columns_that_are_given() -> None:
    table = f"My Link,url,Kind,title\n{A},x,k,t\n"
    assert read(table, {"url": "my link", "tags": "Kind"}) == [
        ignored("url"),
        LinkEntry(A, "t", tags=("k",), line=2),
    ]


def test_one_column_can_be_given_twice() -> None:
    assert read(f"a,b\n{A},x\n", {"url": "a", "title": "b", "note": "b"}) == [
        LinkEntry(A, "x", "x", line=2)
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"url": "nope"}, "The table has no column nope. Its columns are: a, b."),
        ({"title": "a"}, "The first line names no column of addresses. Its columns are: a, b."),
    ],
)
def test_columns_that_cannot_be_given(columns: dict[str, str], sentence: str) -> None:
    with pytest.raises(FormatError) as raised:
        read("a,b\nx,y\n", columns)
    assert str(raised.value).startswith(sentence)


def test_fields_that_do_not_exist() -> None:
    with pytest.raises(FormatError, match="There is no such field: colour"):
        CsvReader({"colour": "a"})


def test_header_that_says_nothing() -> None:
    with pytest.raises(FormatError) as raised:
        read("name;phone\nAnn;1\n")
    assert str(raised.value) == (
        "The first line names no column of addresses. Its columns are: name, phone. Needed is one"
        " of: destination url, long url, original url, target url, target, destination, long link,"
        " full url, url, href, website, link."
    )


def test_pocket_needs_its_columns() -> None:
    with pytest.raises(FormatError) as raised:
        list(PocketReader().read(io.BytesIO(b"url,title\nx,y\n")))
    assert str(raised.value).endswith("Needed is all of: status, tags, time added, title, url.")
