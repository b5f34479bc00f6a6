"""The bytes of each format, of an account whose every byte is known."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from grids.models import Grid
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.exports import (
    MOMENT,
    data_file,
    exported,
    file_bytes,
    link_on,
    run_export,
    unpacked,
)

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = (
    "link,grid,grid_title,url,title,note,tags,alias,x,y,width,height,background,style,"
    "active_from,active_until,forward_query,created_on,modified_on,clicks_before_import\n"
)
WHEN = "2026-03-04T05:06:07.000089Z"
HOSTILE = [
    "plain",
    "",
    'He said "hi", twice',
    "two\nlines\r\nand a \t tab",
    "back\\slash \\n \\N \\.",
    "\u0001\u0002\u001f\u007f",
    "😀 שלום عربي 東京 e\u0301",
    "{}[]'%s%%",
    "<b>&amp;</b>",
    " outer spaces ",
    "\u2028\ufeff\uffff",
]


@pytest.fixture
def grid(owner: Client) -> Grid:
    """The owner's, of which every byte is known."""
    return Grid.objects.create(
        user=user_of(owner), slug=f"gr_{1:032x}", title="Reading, later", created_on=MOMENT
    )


def slug_of(number: int) -> str:
    return f"li_{number:032x}"


def test_csv_byte_for_byte(owner: Client, grid: Grid) -> None:
    link_on(grid, 1)
    link_on(
        grid,
        2,
        url="https://example.org/?a=1,2&b=%22",
        title='Say "hi", please',
        note="First\nsecond",
        tags=["b", "a, c", "d\\e"],
        alias="my-link",
        width=2,
        height=3,
        background="#1e90ff",
        style={"radius": 4},
        active_from=MOMENT - timedelta(days=1),
        active_until=MOMENT,
        forward_query=False,
        clicks_before_import=4_000_000_000,
    )
    link_on(grid, 3, title="😀 שלום", created_on=MOMENT + timedelta(microseconds=1))
    g = grid.slug
    assert exported(owner, "csv").decode() == (
        HEADER + f'{slug_of(1)},{g},"Reading, later",https://example.org/1,Link 1,"","",,'
        f'1,0,1,1,"",{{}},,,t,{WHEN},{WHEN},0\n'
        f'{slug_of(2)},{g},"Reading, later","https://example.org/?a=1,2&b=%22",'
        '"Say ""hi"", please","First\nsecond","b, a\\, c, d\\\\e",my-link,'
        '2,0,2,3,#1e90ff,"{""radius"": 4}",'
        f"2026-03-03T05:06:07.000089Z,{WHEN},f,{WHEN},{WHEN},4000000000\n"
        f'{slug_of(3)},{g},"Reading, later",https://example.org/3,😀 שלום,"","",,'
        f'3,0,1,1,"",{{}},,,t,2026-03-04T05:06:07.000090Z,{WHEN},0\n'
    )


def test_csv_of_an_empty_account_is_its_header(owner: Client) -> None:
    job = run_export(owner, "csv")
    assert file_bytes(job).decode() == HEADER
    assert data_file(job).rows == 0
    assert job.result == {"rows": 0}


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_csv_runs_no_formula(owner: Client, grid: Grid, start: str) -> None:
    grid.title = f"{start}grid"
    grid.save()
    link_on(grid, 1, title=f"{start}title", note=f"{start}note", tags=[f"{start}tag", "=b"])
    (row,) = csv.DictReader(io.StringIO(exported(owner, "csv").decode(), newline=""))
    for column, text in (("grid_title", "grid"), ("title", "title"), ("note", "note")):
        assert row[column] == f"'{start}{text}"
    # The cell is what a spreadsheet looks at, not the single tag.
    assert row["tags"] == f"'{start}tag, =b"
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_csv_runs_no_formula_where_a_program_splits_it_elsewhere(owner: Client, grid: Grid) -> None:
    link_on(grid, 1, title="a;=1|＠x", note="b\t-1,=2;'+3", tags=["c;@d"])
    text = exported(owner, "csv").decode()
    assert "a;'=1|'＠x" in text
    assert "b\t'-1,=2;''+3" in text
    assert "c;'@d" in text
    job = run_export(owner, "csv", delimiter="semicolon")
    assert "b\t'-1,'=2;'+3" in file_bytes(job).decode()


def test_csv_guards_only_what_needs_it(owner: Client, grid: Grid) -> None:
    for number, title in enumerate(["a=b", "'quoted", " =space", "1-2", "a, -b; c"]):
        link_on(grid, number, title=title)
    rows = csv.DictReader(io.StringIO(exported(owner, "csv").decode()))
    assert [row["title"] for row in rows] == ["a=b", "'quoted", " =space", "1-2", "a, -b; c"]


def test_csv_keeps_any_text(owner: Client, grid: Grid) -> None:
    for number, text in enumerate(HOSTILE):
        link_on(grid, number, title=text or "-", note=text)
    rows = csv.DictReader(io.StringIO(exported(owner, "csv").decode(), newline=""))
    assert [row["note"] for row in rows] == HOSTILE


def test_jsonl_byte_for_byte(owner: Client, grid: Grid) -> None:
    link_on(
        grid,
        1,
        title='q " b \\ n',
        note="tab\tline\nend\u0001",
        tags=["a, b", 'c"'],
        style={"a": [1, None]},
        active_until=MOMENT,
    )
    link_on(grid, 2)
    data = exported(owner, "jsonl")
    first, second = data.decode().splitlines()
    assert data.endswith(b"}\n")
    assert first == (
        f'{{"link":"{slug_of(1)}","grid":"{grid.slug}","grid_title":"Reading, later",'
        '"url":"https://example.org/1","title":"q \\" b \\\\ n",'
        '"note":"tab\\tline\\nend\\u0001","tags":["a, b","c\\""],"alias":null,"x":1,"y":0,'
        '"width":1,"height":1,"background":"","style":{"a": [1, null]},"active_from":null,'
        f'"active_until":"{WHEN}","forward_query":true,"created_on":"{WHEN}","modified_on":"{WHEN}"'
        ',"clicks_before_import":0}'
    )
    assert json.loads(second) == {
        "link": slug_of(2),
        "grid": grid.slug,
        "grid_title": "Reading, later",
        "url": "https://example.org/2",
        "title": "Link 2",
        "note": "",
        "tags": [],
        "alias": None,
        "x": 2,
        "y": 0,
        "width": 1,
        "height": 1,
        "background": "",
        "style": {},
        "active_from": None,
        "active_until": None,
        "forward_query": True,
        "created_on": WHEN,
        "modified_on": WHEN,
        "clicks_before_import": 0,
    }


def test_jsonl_keeps_any_text(owner: Client, grid: Grid) -> None:
    for number, text in enumerate(HOSTILE):
        link_on(grid, number, title=text or "-", note=text, tags=[text] if text else [])
    lines = exported(owner, "jsonl").split(b"\n")
    assert lines.pop() == b""
    rows = [json.loads(line) for line in lines]
    assert [row["note"] for row in rows] == HOSTILE
    assert [row["tags"] for row in rows] == [[text] if text else [] for text in HOSTILE]


def test_jsonl_of_an_empty_account_is_empty(owner: Client) -> None:
    assert exported(owner, "jsonl") == b""


def test_netscape_byte_for_byte(owner: Client, grid: Grid) -> None:
    grid.description = "About <it>"
    grid.save()
    link_on(grid, 1, title="A & B <c>", note="Note", tags=["x", "y,z"])
    other = Grid.objects.create(
        user=user_of(owner), title="Second / inner", created_on=MOMENT + timedelta(seconds=1)
    )
    link_on(other, 2, url="https://example.org/?a=1&b=2")
    seconds = int(MOMENT.timestamp())
    assert exported(owner, "netscape").decode() == (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n"
        "<!-- A list of links that browsers and bookmark managers can import. -->\n"
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">\n'
        "<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p>\n"
        f'    <DT><H3 ADD_DATE="{seconds}">Reading, later</H3>\n    <DD>About &lt;it&gt;\n    <DL><p>\n'
        f'        <DT><A HREF="https://example.org/1" ADD_DATE="{seconds}" LAST_MODIFIED="{seconds}"'
        ' TAGS="x,y&#44;z">'
        "A &amp; B &lt;c&gt;</A>\n        <DD>Note\n    </DL><p>\n"
        "    <DT><H3>Second</H3>\n    <DL><p>\n"
        f'        <DT><H3 ADD_DATE="{seconds + 1}">inner</H3>\n        <DL><p>\n'
        f'            <DT><A HREF="https://example.org/?a=1&amp;b=2" ADD_DATE="{seconds}"'
        f' LAST_MODIFIED="{seconds}">Link 2</A>\n        </DL><p>\n    </DL><p>\n</DL><p>\n'
    )


@pytest.mark.parametrize("form", ["csv", "jsonl", "netscape"])
@pytest.mark.parametrize(("compression", "ending"), [("gzip", ".gz"), ("zstd", ".zst")])
def test_packed_is_the_same_bytes(
    owner: Client, grid: Grid, form: str, compression: str, ending: str
) -> None:
    # Random enough for several blocks of any packer, so that nothing is lost between them.
    for number in range(300):
        link_on(grid, number, note=f"{number * 7919 % 1009} " * 700)
    plain = exported(owner, form)
    assert len(plain) > 800_000
    job = run_export(owner, form, compression)
    packed = file_bytes(job)
    assert len(packed) < len(plain) / 4
    assert unpacked(packed, compression) == plain
    file = data_file(job)
    assert file.rows == 300
    assert (
        file.name
        == {"csv": "links.csv", "jsonl": "links.jsonl", "netscape": "links.html"}[form] + ending
    )
