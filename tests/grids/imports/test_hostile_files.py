"""Test broken, huge and malicious files: a reason or a verdict, nothing half-written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from grids.formats.base import LinkEntry
from grids.imports.limits import Texts, limit_texts
from grids.imports.rows import ENTRIES_MAX, GRIDS_MAX, PROBLEMS_MAX
from grids.layout.occupancy import Occupancy, Tile, TileError
from grids.models import Grid, Link
from tests.support.client import Client, make_user
from tests.support.grids.imports import (
    HEAD,
    contents,
    document,
    import_file,
    result,
    submit,
    verdicts,
)
from tests.support.platform import execute

pytestmark = pytest.mark.django_db(transaction=True)

MB = 1024 * 1024
LINK = '<DT><A HREF="https://example.org/{0}">{0}</A>\n'


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))


def titles() -> list[str]:
    return [link.title for link in Link.objects.order_by("y", "x")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"\x00\x01\x02" * 1000,
        bytes(range(256)) * 300,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 5000,
        b"name,phone\nAnn,1\n",
        b'{"a": 1}',
        b"<html><body>Hello</body></html>",
    ],
    ids=["empty", "blank", "nul", "binary", "png", "csv", "json", "page"],
)
def test_other_files_fail_with_a_reason(owner: Client, data: bytes) -> None:
    job = import_file(owner, data)
    assert (job.status, job.attempt, job.error_code) == ("failed", 1, "unreadable")
    assert job.error_message == (
        "The file is of none of the formats that can be imported:"
        " csv, linkstack, linkwarden, netscape, omnivore, pocket, wallabag."
    )
    assert not Grid.objects.exists()
    assert not job.files.filter(role="output").exists()


def test_named_source_does_not_force_a_file_into_it(owner: Client) -> None:
    job = execute(submit(owner, [b"\x00\x01\x02" * 1000], source="netscape"))
    assert (job.status, job.error_code) == ("failed", "unreadable")
    assert not Grid.objects.exists()


def test_truncated_file_keeps_what_is_whole(owner: Client) -> None:
    whole = document("<DT><H3>Folder</H3>\n<DL><p>\n" + "".join(map(LINK.format, range(5))))
    job = import_file(owner, whole[: whole.index(b"org/4")])
    assert job.status == "succeeded"
    assert titles() == ["0", "1", "2", "3"]
    last = verdicts(job)[-2:]
    assert [(row["verdict"], row["remarks"]) for row in last] == [
        ("problem", "the file ends in the middle of a link"),
        ("problem", "the file ends inside an open folder: Folder"),
    ]


def test_every_cut_of_a_file_ends_well(owner: Client) -> None:
    """Wherever a file breaks off: a reason or whole links, never a defect."""
    whole = document("<DT><H3>F</H3>\n<DL><p>\n" + LINK.format(1) + "<DD>note\n" + LINK.format(2))
    for end in range(0, len(whole), 7):
        job = import_file(owner, whole[:end])
        assert (job.status, job.error_code) in (("succeeded", ""), ("failed", "unreadable"))
        assert Link.objects.count() == job.result.get("links", 0)
        Grid.objects.all().delete()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings(owner: Client, encoding: str) -> None:
    text = document('<DT><A HREF="https://example.org/">Zürich 東京 😀 שלום</A>').decode()
    job = import_file(owner, text.encode(encoding))
    assert job.status == "succeeded"
    assert titles() == ["Zürich 東京 😀 שלום"]


def test_undecodable_bytes_are_replaced_and_said_so(owner: Client) -> None:
    job = import_file(
        owner, document('<DT><A HREF="https://e.org/">a@b</A>').replace(b"@", b"\xff")
    )
    assert titles() == ["a\ufffdb"]
    assert verdicts(job)[0]["remarks"] == "undecodable bytes were replaced"


def test_unclosed_script_hides_nothing(owner: Client) -> None:
    job = import_file(
        owner,
        document(LINK.format("before") + "<script>alert('<!--')\n" + LINK.format("after")),
    )
    assert job.status == "succeeded"
    assert titles() == ["before", "after"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#1;javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.org/",
        "place:sort=8",
        "https://",
    ],
)
def test_dangerous_address_is_refused_and_the_rest_goes_on(owner: Client, url: str) -> None:
    job = import_file(
        owner,
        document(LINK.format("one") + f'<DT><A HREF="{url}">bad</A>\n' + LINK.format("two")),
    )
    assert job.status == "succeeded"
    assert titles() == ["one", "two"]
    assert (job.result["links"], job.result["refused"]) == (2, 1)
    assert [row["verdict"] for row in verdicts(job)] == ["create", "refused", "create"]


def test_text_that_looks_like_sql_or_copy_is_text(owner: Client) -> None:
    names = ["\\N", "\\.", "'; DROP TABLE grids_link; --", "a\\tb", '"quoted"', "{a,b}", "%s"]
    body = "".join(
        f'<DT><A HREF="https://example.org/" TAGS="{name.replace(chr(34), "&quot;")}">{name}</A>\n'
        f"<DD>{name}\n"
        for name in names
    )
    import_file(owner, document(body))
    (links,) = contents().values()
    assert [(title, note) for _, title, note, _ in links] == [(name, name) for name in names]
    assert [tags for *_, tags in links] == [
        ["\\N"], ["\\."], ["'; DROP TABLE grids_link; --"], ["a\\tb"], ['"quoted"'],
        ["a", "b"], ["%s"],
    ]  # fmt: skip


def test_control_characters_do_not_reach_the_database(owner: Client) -> None:
    job = import_file(
        owner, document('<DT><A HREF="https://example.org/" TAGS="x&#0;y">a\x00b\x07c</A>')
    )
    assert job.status == "succeeded"
    assert titles() == ["abc"]
    assert "NUL characters were removed" in verdicts(job)[0]["remarks"]


def huge_icon(megabytes: int) -> Iterator[bytes]:
    """A link whose icon is that large, with an ordinary one before and after, made on the way."""
    yield HEAD.encode() + b"<DL><p>\n" + LINK.format("before").encode()
    yield b'<DT><A HREF="https://example.org/icon" ICON="data:image/png;base64,'
    for _ in range(megabytes):
        yield b"iVBORw0KGgo=" * (MB // 12)
    yield b'">icon</A>\n' + LINK.format("after").encode() + b"</DL><p>\n"


def test_hundred_megabytes_of_icon_are_streamed_past(owner: Client) -> None:
    job = submit(owner, huge_icon(100))
    assert job.files.get().size > 99 * MB
    execute(job)
    assert (job.status, job.error_message) == ("succeeded", "")
    assert titles() == ["before", "icon", "after"]
    assert job.progress_done == job.progress_total == job.files.get(role="input").size


def test_memory_does_not_grow_with_the_file(owner: Client) -> None:
    job = submit(owner, huge_icon(20))
    tracemalloc.start()
    try:
        execute(job)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert job.status == "succeeded"
    assert peak < 8 * MB


def folder(name: str, *links: str) -> str:
    return f"<DT><H3>{name}</H3>\n<DL><p>\n{''.join(map(LINK.format, links))}</DL><p>\n"


def test_endless_reference_costs_nothing_else(owner: Client) -> None:
    bad = '<DT><A HREF="http://a.b/">&#' + "1" * 5000 + ";</A>\n"
    job = import_file(owner, document(bad + LINK.format("good")))
    assert (job.status, titles()) == ("succeeded", ["\ufffd", "good"])


def test_grid_without_a_free_place_refuses(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import_file(owner, document(LINK.format("a")))
    place = Occupancy.place

    def only_two(self: Occupancy, width: int, height: int) -> Tile:
        tile = place(self, width, height)
        if tile.x >= 2:
            raise TileError("The grid is full.")
        return tile

    monkeypatch.setattr(Occupancy, "place", only_two)
    job = import_file(owner, document("".join(map(LINK.format, "abc"))))
    assert (job.status, titles()) == ("succeeded", ["a", "b"])
    assert job.result == result(links=1, unchanged=1, refused=1)
    last = verdicts(job)[2]
    assert (last["verdict"], last["title"], last["remarks"]) == (
        "refused",
        "c",
        "The grid is full.",
    )


def test_defect_in_one_link_costs_no_other(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(entry: LinkEntry, problems: list[str]) -> Texts:
        if entry.title == "b":
            raise ValueError("a defect")
        return limit_texts(entry, problems)

    monkeypatch.setattr("grids.imports.rows.limit_texts", defect)
    job = import_file(owner, document("".join(map(LINK.format, "abc"))))
    assert (job.status, titles()) == ("succeeded", ["a", "c"])
    row = verdicts(job)[1]
    assert (row["verdict"], row["title"]) == ("refused", "b")
    assert row["remarks"] == "This link could not be processed."


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PK\x03\x04" + b"\xff" * 5000, "ZIP archive"),
        (b"PK\x05\x06" + b"\x00" * 18, "ZIP archive"),
        (b"\x1f\x8b\x08" + b"\x00" * 50, "gzip file"),
        (b"7z\xbc\xaf\x27\x1c" + b"\x00" * 50, "7-Zip archive"),
    ],
)
@pytest.mark.parametrize("source", ["auto", "csv", "netscape"])
def test_packed_file_is_called_what_it_is(
    owner: Client, data: bytes, name: str, source: str
) -> None:
    job = execute(submit(owner, [data], source=source))
    assert (job.status, job.error_code) == ("failed", "unreadable")
    assert job.error_message == f"The file is a {name}: unpack it and import the file in it."
    assert not Grid.objects.exists()


def test_folders_beyond_the_limit_lose_no_link(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grids.imports.rows.GRIDS_MAX", 2)
    job = import_file(owner, document("".join(folder(name, f"in-{name}") for name in "abcd")))
    assert {title: [row[1] for row in rows] for title, rows in contents().items()} == {
        "a": ["in-a"], "b": ["in-b"], "Unsorted": ["in-c", "in-d"],
    }  # fmt: skip
    assert (job.result["grids"], job.result["links"], job.result["problems"]) == (3, 4, 1)
    (problem,) = [row for row in verdicts(job) if row["verdict"] == "problem"]
    assert (problem["line"], problem["title"]) == ("13", "c")
    assert problem["remarks"] == (
        "an import makes at most 2 grids:"
        ' the links of this and all further folders are on the grid "Unsorted"'
    )


def test_limit_of_grids() -> None:
    assert GRIDS_MAX == 5_000


def test_folders_alike_on_one_line_stay_apart(owner: Client) -> None:
    inner = folder("x", "1").replace("</DL><p>\n", folder("y", "2") + LINK.format("3") + "</DL>")
    import_file(owner, document((inner + folder("x", "4")).replace("\n", "")))
    grids = [
        (grid.title, [link.title for link in grid.links.order_by("x")])
        for grid in Grid.objects.order_by("id")
    ]
    assert grids == [("x", ["1", "3"]), ("x / y", ["2"]), ("x", ["4"])]


def test_titles_are_one_line(owner: Client) -> None:
    broken = "li\nne&#10;x&#x2028;y"
    job = import_file(
        owner,
        document(
            folder(broken).replace("</DL>", '<DT><A HREF="https://e.org/">' + broken + "</A></DL>")
        ),
    )
    assert (Grid.objects.get().title, titles()) == ("li ne x y", ["li ne x y"])
    assert [row["remarks"] for row in verdicts(job)] == [
        "line breaks or control characters in the folder's title became spaces",
        "line breaks or control characters in the title became spaces",
    ]


def test_wrapped_source_lines_are_no_problem(owner: Client) -> None:
    job = import_file(owner, document('<DT><A HREF="https://e.org/">two\n    words</A>'))
    assert (titles(), verdicts(job)[0]["remarks"]) == (["two words"], "")


def test_tags_are_as_the_api_has_them(owner: Client) -> None:
    import_file(owner, document('<DT><A HREF="https://e.org/" TAGS="&#32;a&#32;,a,b">t</A>'))
    assert Link.objects.get().tags == ["a", "b"]


def test_problems_without_end_are_counted_and_not_listed(owner: Client) -> None:
    """A million of them would be a file of verdicts larger than the import."""
    empty = "<DT><A>nothing</A>\n" * (PROBLEMS_MAX + 500)
    job = import_file(owner, document(f'{empty}<DT><A HREF="https://e.org/" HASH="1">x</A>'))
    rows = verdicts(job)
    assert (job.status, titles(), len(rows)) == ("succeeded", ["x"], PROBLEMS_MAX + 3)
    assert [row["remarks"] for row in rows[-3:]] == [
        "",
        "these attributes are not imported: HASH",
        "500 more problems were found: only the first 1000 are listed",
    ]
    assert job.result == result(grids=1, links=1, problems=PROBLEMS_MAX + 2)


@pytest.mark.parametrize("line", [LINK.format("a"), '<DT><A HREF="place:x">refused</A>\n'])
def test_entries_without_end_are_refused(
    owner: Client, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("grids.imports.rows.ENTRIES_MAX", 10)
    job = import_file(owner, document(line * 11))
    assert (job.status, job.error_code) == ("failed", "unreadable")
    assert job.error_message == "The file has more than 10 entries: import it in several parts."
    assert not Grid.objects.exists()
    assert import_file(owner, document(line * 10)).status == "succeeded"


def test_limits_of_entries() -> None:
    assert (ENTRIES_MAX, PROBLEMS_MAX) == (500_000, 1_000)


def test_what_is_refused_is_reported_short(owner: Client) -> None:
    job = import_file(owner, document(f'<DT><A HREF="place:{"x" * 60_000}">{"t" * 60_000}</A>'))
    (row,) = verdicts(job)
    assert (row["verdict"], len(row["url"]), len(row["title"])) == ("refused", 4096, 4096)
