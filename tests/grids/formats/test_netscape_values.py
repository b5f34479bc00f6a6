"""Test reading single values: attributes, dates, tags, encodings, control characters."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from grids.formats.base import Entry, FileProblem, FolderEntry, LinkEntry
from grids.formats.netscape.reader import NetscapeReader


def read(document: str | bytes) -> list[Entry]:
    data = document.encode() if isinstance(document, str) else document
    return list(NetscapeReader().read(io.BytesIO(data)))


def one(document: str | bytes) -> LinkEntry:
    [link] = [entry for entry in read(document) if isinstance(entry, LinkEntry)]
    return link


@pytest.mark.parametrize(
    "markup",
    [
        "<a href='https://x.example/'>t</a>",
        "<A hReF=https://x.example/>t</A>",
        '<A\n  HREF = "https://x.example/"\n  >t</A>',
        '<A HREF=" https://x.example/ ">  t\n</A>',
        '<A HREF="https://x.example/"ADD_DATE="0">t</A>',
        '<A HREF="https://x.example/" HREF="https://second.example/" />t</A>',
        "<A HREF=https&#58;//x.example/>t</A>",
    ],
)
def test_ways_to_write_the_same_link(markup: str) -> None:
    assert one(f"<DL><DT>{markup}</DL>") == LinkEntry("https://x.example/", "t", line=1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1600000000", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("1600000000123", datetime(2020, 9, 13, 12, 26, 40, 123000, tzinfo=UTC)),
        ("1600000000123456", datetime(2020, 9, 13, 12, 26, 40, 123456, tzinfo=UTC)),
        (" 1600000000 ", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("13244473600000000", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("132444736000000000", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("1600000000.5", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("2020-09-13T14:26:40+02:00", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("315532800", datetime(1980, 1, 1, tzinfo=UTC)),
        ("2051222400", datetime(2035, 1, 1, tzinfo=UTC)),
        ("0", None),
        ("", None),
    ],
)
def test_dates(written: str, expected: datetime | None) -> None:
    link = one(f'<DL><DT><A HREF="x:" ADD_DATE="{written}">t</A></DL>')
    assert (link.created_on, link.problems) == (expected, ())


@pytest.mark.parametrize("written", ["yesterday", "-1", "1e9", "9" * 18, "9" * 5000, "١٢٣"])
def test_nonsense_dates(written: str) -> None:
    link = one(f'<DL><DT><A HREF="x:" ADD_DATE="{written}">t</A></DL>')
    assert (link.created_on, link.problems) == (None, ("ADD_DATE is not a date",))


def test_nonsense_private() -> None:
    link = one('<DL><DT><A HREF="x:" PRIVATE="maybe">t</A></DL>')
    assert (link.private, link.problems) == (None, ("PRIVATE is neither 0 nor 1",))


@pytest.mark.parametrize("name", ["ADD_DATE", "time_added", "DATE_ADDED", "created_at"])
def test_names_of_dates(name: str) -> None:
    link = one(f'<DL><DT><A HREF="x:" {name}="1600000000">t</A></DL>')
    assert link.created_on == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("[]", ()),
        ("[&quot;a&quot;, &quot;b c&quot;]", ("a", "b c")),
        ("['a','b']", ("a", "b")),
        ("{a,b}", ("a", "b")),
        ("[draft] a,b", ("[draft] a", "b")),
    ],
)
def test_tags_spelled_as_a_list(written: str, tags: tuple[str, ...]) -> None:
    assert one(f'<DL><DT><A HREF="x:" TAGS="{written}">t</A></DL>').tags == tags


def test_tags_are_trimmed_and_empty_ones_left_out() -> None:
    link = one('<DL><DT><A HREF="x:" TAGS=" a, ,b c,,R&amp;D,Paris&#44; France">t</A></DL>')
    assert link.tags == ("a", "b c", "R&D", "Paris, France")


@pytest.mark.parametrize(
    ("declared", "encoding", "title"),
    [
        ("windows-1252", "cp1252", "Œuvre à 5 €"),
        ("ISO-8859-1", "cp1252", "“quoted”"),
        ("Shift_JIS", "cp932", "①日本"),
        ("koi8-r", "koi8-r", "Книга"),
        ("utf-16", "utf-8", "naïve"),
        ("utf-7", "utf-8", "naïve +AGE-"),
        ("no-such", "utf-8", "naïve"),
    ],
)
def test_declared_encodings(declared: str, encoding: str, title: str) -> None:
    meta = f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={declared}">'
    document = f'{meta}<DL><DT><A HREF="x:">{title}</A></DL>'
    assert one(document.encode(encoding)) == LinkEntry("x:", title, line=1)


def test_undecodable_bytes_mark_only_their_link() -> None:
    document = b'<DL><DT><A HREF="x:">caf\xe9</A>\n<DT><A HREF="y:">real \xef\xbf\xbd</A></DL>'
    assert read(document) == [
        LinkEntry("x:", "caf�", line=1, problems=("undecodable bytes were replaced",)),
        LinkEntry("y:", "real �", line=2),
    ]


@pytest.mark.parametrize("written", ["\x81", "&#x81;", "&#129;"])
def test_control_characters_by_reference(written: str) -> None:
    link = one(f'<DL><DT><A HREF="x:{written}" TAGS="{written}a">{written}t</A><DD>n{written}</DL>')
    assert (link.url, link.tags, link.title, link.note) == ("x:", ("a",), "t", "n")
    assert link.problems == ("control characters were removed",)


def test_control_characters_are_removed() -> None:
    assert one('<DL><DT><A HREF="x:\0y">t\x07\x85i</A><DD>\0n</DL>') == LinkEntry(
        "x:y",
        "ti",
        "n",
        line=1,
        problems=("NUL characters were removed", "control characters were removed"),
    )


LONG = "&#" + "1" * 5000 + ";"


@pytest.mark.parametrize("long", [LONG, LONG[:-1], "&#x" + "f" * 7 + ";", "&#99999999;"])
def test_number_beyond_all_characters(long: str) -> None:
    document = (
        f'<DL><DT><H3>f{long}</H3><DD>n{long}<DL><DT><A HREF="x:">t{long}</A><DD>d{long}</DL>'
    )
    folder, link = read(document)[:2]
    assert folder == FolderEntry(("f\ufffd",), "n\ufffd", line=1)
    assert link == LinkEntry("x:", "t\ufffd", "d\ufffd", line=1)


def test_number_beyond_all_characters_in_attributes() -> None:
    link = one(f'<DL><DT><A HREF="x:{LONG}" TAGS="a{LONG},b">t</A></DL>')
    assert (link.url, link.tags) == ("x:\ufffd", ("a\ufffd", "b"))


@pytest.mark.parametrize("long", ["&#" + "0" * 5000 + "65;", "&#x" + "0" * 5000 + "41;"])
def test_number_that_is_long_by_its_zeros(long: str) -> None:
    assert one(f'<DL><DT><A HREF="x:{long}">{long}</A></DL>') == LinkEntry("x:A", "A", line=1)


def test_defect_in_one_value_costs_one_link(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: str, problems: list[str]) -> str:
        if raw == "x:bad":
            raise ValueError("a defect")
        return raw

    monkeypatch.setattr("grids.formats.netscape.items.read_url", broken)
    assert read('<DL><DT><A HREF="x:bad">b</A>\n<DT><A HREF="x:good">g</A></DL>') == [
        FileProblem(1, "this link could not be read"),
        LinkEntry("x:good", "g", line=2),
    ]
