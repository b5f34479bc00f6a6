"""Test reading the JSON files of each tool."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from grids.formats.base import Entry, FileProblem, FolderEntry, LinkEntry
from grids.formats.registry import READERS
from tests.support.grids import link_files

A, B = "https://a.example/", "https://b.example/"


def read(source: str, text: str | Any) -> list[Entry]:
    data = text if isinstance(text, str) else json.dumps(text)
    return list(READERS[source]().read(io.BytesIO(data.encode())))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def left_out(*names: str) -> FileProblem:
    return FileProblem(0, f"these fields are not imported: {', '.join(names)}")


def test_linkstack() -> None:
    """The links come in the order of their page."""
    assert read("linkstack", link_files.LINKSTACK) == [
        FileProblem(2, "a block of text is no link: <b>Hi</b>"),
        FileProblem(3, "an item has no address (link): Heading"),
        LinkEntry(A, "First", line=4, clicks=42, source_id="6"),
        LinkEntry(
            B,
            "Second",
            created_on=at(2023, 5, 5, 12),
            line=1,
            modified_on=at(2023, 5, 6, 12),
            clicks=0,
            source_id="3",
        ),
        left_out("user_id"),
    ]


def test_linkstack_with_its_user() -> None:
    assert read("linkstack", link_files.LINKSTACK_USER) == [
        FolderEntry(("Ann",), "My links", at(2023, 5, 5, 12)),
        FileProblem(0, "of the user: created_at has no time zone and was taken for UTC"),
        LinkEntry(A, "A", line=1),
        left_out("id", "email", "image_data", "image_extension"),
    ]


@pytest.mark.parametrize(("written", "states"), [("yes", ("pinned",)), ("no", ()), (None, ())])
def test_linkstack_links_that_stay_on_top(written: str | None, states: tuple[str, ...]) -> None:
    [link] = read("linkstack", {"links": [{"link": A, "title": "t", "up_link": written}]})
    assert link == LinkEntry(A, "t", line=1, states=states)


def test_linkstack_user_after_the_links() -> None:
    document = {"links": [{"link": A}], "littlelink_name": "ann"}
    assert read("linkstack", document) == [FolderEntry(("ann",)), LinkEntry(A, "", line=1)]


def test_linkwarden() -> None:
    """A collection that stands before its parent knows it; what is pinned is so."""
    assert read("linkwarden", link_files.LINKWARDEN) == [
        FileProblem(1, "a subscription to a feed is no link: https://f.example/feed"),
        FileProblem(2, "an item has no address (url): A file"),
        FolderEntry(("Dev", "Python"), "", at(2024, 1, 1), line=1),
        LinkEntry(
            A,
            "A",
            "About",
            ("x", "y"),
            at(2024, 1, 2),
            line=1,
            modified_on=at(2024, 1, 3),
            source_id="9",
            states=("pinned",),
        ),
        FolderEntry(("Dev",), "All of it", at(2023, 1, 1), line=2),
        LinkEntry(B, "B", line=3, source_id="11"),
        FolderEntry(()),
        LinkEntry("https://c.example/", "Shared", line=5, source_id="99", states=("pinned",)),
        left_out("name", "username", "email", "color of collections", "type", "textContent"),
    ]


def test_linkwarden_collections_of_one_name_are_two() -> None:
    link = {"url": A, "name": "t"}
    collections = [{"id": place, "name": "Same", "links": [link]} for place in (1, 2)]
    first, _, second, _ = read("linkwarden", {"collections": collections})
    assert isinstance(first, FolderEntry)
    assert isinstance(second, FolderEntry)
    assert first.path == second.path == ("Same",)
    assert first.identity is not second.identity


@pytest.mark.parametrize(
    ("parents", "path", "problem"),
    [
        ([None], ("c0",), None),
        ([7], ("c0",), None),
        (["x"], ("c0",), None),
        ([0], ("c0",), "it lies in itself, or over 64 deep"),
        ([1, 2, 1], ("c2", "c1", "c0"), "it lies in itself, or over 64 deep"),
        ([1, 0], ("c1", "c0"), "it lies in itself, or over 64 deep"),
    ],
)
def test_linkwarden_parents(parents: list[Any], path: tuple[str, ...], problem: str | None) -> None:
    collections = [
        {"id": place, "name": f"c{place}", "parentId": parent, "links": []}
        for place, parent in enumerate(parents)
    ]
    collections[0]["links"] = [{"url": A}]
    entries = read("linkwarden", {"collections": collections})
    assert [entry.path for entry in entries if isinstance(entry, FolderEntry)] == [path]
    problems = [entry.message for entry in entries if isinstance(entry, FileProblem)]
    assert problems == [f"of a collection: {problem}"] * len(parents) * bool(problem)


def test_linkwarden_nested_without_end() -> None:
    collections = [{"id": n, "name": f"c{n}", "parentId": n + 1, "links": []} for n in range(99)]
    collections[0]["links"] = [{"url": A}]
    entries = read("linkwarden", {"collections": collections})
    [folder] = [entry for entry in entries if isinstance(entry, FolderEntry)]
    assert folder.path == tuple(f"c{n}" for n in reversed(range(64)))
    assert entries[0] == FileProblem(1, "of a collection: it lies in itself, or over 64 deep")


def test_wallabag() -> None:
    assert read("wallabag", link_files.WALLABAG) == [
        LinkEntry(
            A,
            "A",
            tags=("x", "y"),
            created_on=at(2016, 9, 8, 9, 55, 58),
            line=1,
            modified_on=at(2016, 9, 8, 10, 55, 58),
            archived=True,
            source_id="7",
            states=("starred",),
        ),
        LinkEntry(B, "", line=2, archived=False, source_id="8"),
        left_out("content"),
    ]


def test_annotations_are_in_the_note() -> None:
    marks = [
        {"quote": "a passage", "text": "my remark", "ranges": [{"start": 1}]},
        {"quote": "another", "text": ""},
        "nonsense",
    ]
    [link, _] = read("wallabag", [{"url": A, "annotations": marks, "language": "en"}])
    assert isinstance(link, LinkEntry)
    assert (link.note, link.problems) == ("> a passage\nmy remark\n\n> another", ())
    highlights = [{"quote": "q", "annotation": "a"}]
    [link] = read("omnivore", [{"url": A, "description": "d", "highlights": highlights}])
    assert isinstance(link, LinkEntry)
    assert link.note == "d\n\n> q\na"


@pytest.mark.parametrize(
    ("state", "archived", "states"),
    [
        ("Archived", True, ()),
        ("Active", False, ()),
        ("DELETED", False, ("deleted",)),
        ("", None, ()),
    ],
)
def test_states_of_omnivore(state: str, archived: bool | None, states: tuple[str, ...]) -> None:
    assert read("omnivore", [{"url": A, "state": state}]) == [
        LinkEntry(A, "", line=1, archived=archived, states=states)
    ]


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("a, b", ("a", "b")),
        ([{"label": "a"}, {"slug": "b"}], ("a", "b")),
        ({"name": "a"}, ("a",)),
        ('["a", "b c"]', ("a", "b c")),
        ([], ()),
    ],
)
def test_spellings_of_tags(written: Any, tags: tuple[str, ...]) -> None:
    [link] = read("wallabag", [{"url": A, "tags": written}])
    assert isinstance(link, LinkEntry)
    assert (link.tags, link.problems) == (tags, ())


def test_omnivore() -> None:
    assert read("omnivore", link_files.OMNIVORE) == [
        LinkEntry(
            A,
            "A",
            "About",
            ("x", "y"),
            at(2024, 1, 2),
            line=1,
            modified_on=at(2024, 1, 3),
            archived=True,
            source_id="o1",
        ),
        left_out("slug"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings(encoding: str) -> None:
    text = json.dumps([{"url": A, "title": "naïve 日本"}], ensure_ascii=False)
    entries = READERS["omnivore"]().read(io.BytesIO(text.encode(encoding)))
    assert list(entries) == [LinkEntry(A, "naïve 日本", line=1)]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": 3}, "title is not a text"),
        ({"title": ["a"]}, "title is not a text"),
        ({"description": {"a": 1}}, "description is not a text"),
        ({"labels": ["x", 3]}, "in labels something is not a text"),
        ({"labels": {"name": None}}, "in labels something is not a text"),
        ({"savedAt": "soon"}, "savedAt is not a date"),
        ({"savedAt": []}, "savedAt is not a text"),
        ({"savedAt": 1e300}, "savedAt is not a date"),
        ({"savedAt": 99999999999}, "savedAt is in the year 5138 and was left out"),
        ({"id": [1]}, "id is not a text"),
        ({"title": "\ud800"}, "control characters were removed"),
        ({"title": "\0"}, "NUL characters were removed"),
        ({"title": "a" * 70_000}, "title is longer than 65536 characters and was cut"),
    ],
)
def test_fields_of_another_kind(fields: dict[str, Any], problem: str) -> None:
    [entry] = read("omnivore", [{"url": A, **fields}])
    assert isinstance(entry, LinkEntry)
    assert (entry.url, entry.problems) == (A, (problem,))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (3, "an item is not an object"),
        (None, "an item is not an object"),
        ([{"url": A}], "an item is not an object"),
        ({}, "an item has no address (url): without title"),
        ({"url": " "}, "an item has no address (url): without title"),
        ({"url": 5, "title": "t"}, "an item has no address (url): t; url is not a text"),
    ],
)
def test_items_without_address(item: Any, message: str) -> None:
    assert read("omnivore", [item, {"url": A}]) == [
        FileProblem(1, message),
        LinkEntry(A, "", line=2),
    ]
