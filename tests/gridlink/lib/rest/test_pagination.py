"""Test keyset pages: every row once, in both directions and during writes."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridlink.lib.errors import Invalid
from gridlink.lib.json_values import json_size
from gridlink.lib.rest import pagination
from gridlink.lib.rest.pagination import Cursor, Page, read_page
from grids.api.filters import ordering_of
from grids.models import Grid, Link
from tests.support.client import Client

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ORDERINGS = [
    f"{sign}{name}"
    for sign in ("", "-")
    for name in ("created_on", "modified_on", "title", "position")
]
each_ordering = pytest.mark.parametrize("ordering", ORDERINGS)


@pytest.fixture
def grid(alice: Client) -> Grid:
    assert alice.user
    return Grid.objects.create(user=alice.user, title="Grid")


def add(grid: Grid, *rows: tuple[int, str, int]) -> None:
    """Links from (seconds after MOMENT, title, place)."""
    Link.objects.bulk_create(
        Link(
            user_id=grid.user_id,
            grid=grid,
            url="https://example.org/",
            url_key="0" * 32,
            title=title,
            x=place % 2,
            y=place // 2,
            created_on=MOMENT + timedelta(seconds=seconds),
            modified_on=MOMENT - timedelta(seconds=seconds),
        )
        for seconds, title, place in rows
    )


def page_of(ordering: str, cursor: Cursor | None, limit: int) -> Page:
    text = cursor.encode() if cursor else None
    return read_page(
        Link.objects.all(),
        ordering=ordering_of(ordering),
        cursor=text,
        limit=limit,
        represent=lambda links: [{"key": link.pk, "title": link.title} for link in links],
    )


def walk(ordering: str, limit: int, start: Cursor | None = None) -> list[Page]:
    """All pages from `start` on, forward."""
    pages = [page_of(ordering, start, limit)]
    while cursor := pages[-1].next:
        assert len(pages) < 100
        pages.append(page_of(ordering, cursor, limit))
    return pages


def walk_back(ordering: str, limit: int, last: Page) -> list[Page]:
    """All pages before `last`, and it, in reading order."""
    pages = [last]
    while cursor := pages[0].previous:
        assert len(pages) < 100
        pages.insert(0, page_of(ordering, cursor, limit))
    return pages


def keys(pages: list[Page]) -> list[int]:
    return [link.pk for page in pages for link in page.rows]


def in_order(ordering: str) -> list[int]:
    return list(Link.objects.order_by(*ordering_of(ordering)).values_list("pk", flat=True))


@each_ordering
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_equal_rows_are_listed_once_in_both_directions(
    grid: Grid, ordering: str, limit: int
) -> None:
    add(grid, *[(0, "same", 0)] * 7)
    pages = walk(ordering, limit)
    assert keys(pages) == in_order(ordering)
    assert all(page.rows for page in pages)
    assert keys(walk_back(ordering, limit, pages[-1])) == keys(pages)


# The list shrinks well, and few distinct values make many ties.
rows_of_links = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([" ", "a", "A", "é", "ab"]), st.integers(0, 3)),
    max_size=9,
)


@each_ordering
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows_of_links, limit=st.integers(1, 5))
def test_any_rows_are_listed_once_in_both_directions(
    grid: Grid, ordering: str, rows: list[tuple[int, str, int]], limit: int
) -> None:
    Link.objects.all().delete()
    add(grid, *rows)
    pages = walk(ordering, limit)
    assert keys(pages) == in_order(ordering)
    assert all(len(page.rows) == limit for page in pages[:-1])
    assert pages[0].previous is None
    assert keys(walk_back(ordering, limit, pages[-1])) == keys(pages)


@each_ordering
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=rows_of_links, meanwhile=rows_of_links, limit=st.integers(1, 3))
def test_rows_added_meanwhile_repeat_and_hide_none(
    grid: Grid,
    ordering: str,
    before: list[tuple[int, str, int]],
    meanwhile: list[tuple[int, str, int]],
    limit: int,
) -> None:
    Link.objects.all().delete()
    add(grid, *before)
    there = in_order(ordering)
    first = page_of(ordering, None, limit)
    add(grid, *meanwhile)
    rest = walk(ordering, limit, first.next) if first.next else []
    seen = keys([first, *rest])
    assert len(seen) == len(set(seen))
    assert [key for key in seen if key in there] == there


@each_ordering
def test_rows_deleted_meanwhile_hide_none(grid: Grid, ordering: str) -> None:
    add(grid, *[(0, "same", 0)] * 9)
    there = in_order(ordering)
    first = page_of(ordering, None, 3)
    Link.objects.filter(pk__in=[there[2], there[3]]).delete()
    assert keys(walk(ordering, 3, first.next)) == there[4:]


def test_the_page_before_the_first_is_empty(grid: Grid) -> None:
    add(grid, (0, "a", 0), (0, "b", 1))
    second = page_of("title", page_of("title", None, 1).next, 1)
    Link.objects.filter(title="a").delete()
    before = page_of("title", second.previous, 1)
    assert (before.rows, before.next, before.previous) == ([], None, None)


@each_ordering
def test_a_page_ends_at_its_most_bytes_in_both_directions(
    grid: Grid, ordering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of "aaaa" is some 25 bytes of JSON; one that is larger than a page comes alone."""
    monkeypatch.setattr(pagination, "PAGE_BYTES", 100)
    add(grid, *[(number // 3, "aaaa", number) for number in range(9)], (1, "b" * 200, 9))
    pages = walk(ordering, 50)
    assert keys(pages) == in_order(ordering)
    assert len(pages) > 3
    sizes = [sum(json_size(result) + 1 for result in page.results) for page in pages]
    assert all(size <= 100 or len(page.rows) == 1 for size, page in zip(sizes, pages, strict=True))
    assert keys(walk_back(ordering, 50, pages[-1])) == keys(pages)


def test_a_large_column_is_measured_before_it_is_read(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "PAGE_BYTES", 100)
    add(grid, *[(number, "a", number) for number in range(9)])
    Link.objects.update(style={"icon": "i" * 30})
    seen: list[int] = []

    def represent(links: list[Link]) -> list[int]:
        seen.append(len(links))
        return [link.pk for link in links]

    page = read_page(
        Link.objects.all(),
        ordering=("created_on", "id"),
        cursor=None,
        limit=50,
        represent=represent,
        large="style",
    )
    assert (seen, len(page.rows)) == ([2], 2)
    assert page.next


def test_the_urls_of_pages_keep_the_filters(alice: Client, grid: Grid) -> None:
    add(grid, *[(0, "a & b", 0)] * 3)
    first = alice.get("links/?limit=1&q=a%20b&ordering=title").json()
    second = alice.get(first["next"]).json()
    third = alice.get(second["next"]).json()
    slugs = [page["results"][0]["slug"] for page in (first, second, third)]
    assert len(set(slugs)) == 3
    assert third["next"] is None
    assert alice.get(third["previous"]).json()["results"] == second["results"]
    assert alice.get(second["previous"]).json()["results"] == first["results"]


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


NOW = MOMENT.isoformat()
FORGED = {
    "no base64": "%%%",
    "one character": "a",
    "no text": "____",
    "no JSON": packed(None)[:-2],
    "null": packed(None),
    "a number": packed(1),
    "an object": packed({"0": 1}),
    "one item": packed([0]),
    "no values": packed([0, None]),
    "values are a text": packed([0, "ab"]),
    "values are an object": packed([0, {"a": 1, "b": 2}]),
    "too few values": packed([0, [NOW]]),
    "too many values": packed([0, [NOW, 1, 1]]),
    "another direction": packed([2, [NOW, 1]]),
    "a direction that is a list": packed([[], [NOW, 1]]),
    "no moment": packed([0, ["yesterday", 1]]),
    "an impossible moment": packed([0, ["2026-02-31T00:00:00Z", 1]]),
    "the first moment of all": packed([0, ["0001-01-01T00:00:00+14:00", 1]]),
    "the last moment of all": packed([0, ["9999-12-31T23:59:59-14:00", 1]]),
    "a moment that is a number": packed([0, [1, 1]]),
    "a moment that is a list": packed([0, [[], 1]]),
    "no key": packed([0, [NOW, None]]),
    "a key that is a text": packed([0, [NOW, "x"]]),
    "a key that is a list": packed([0, [NOW, [1]]]),
    "a key that is an object": packed([0, [NOW, {}]]),
    "a key of many digits": packed([0, [NOW, 10**30]]),
    "a key just too large": packed([0, [NOW, 2**63]]),
    "a key that is infinite": packed([0, [NOW, float("inf")]]),
    "a key that is no number": packed([0, [NOW, float("nan")]]),
    "a key of too many digits": packed([0, [NOW, "9" * 2900]]),
    "deep": base64.urlsafe_b64encode(b"[" * 2900).decode().rstrip("="),
    "a title": packed([0, ["Title", 1]]),
    "NUL": "\0",
    "not ASCII": "é",
}


@pytest.mark.parametrize("cursor", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("path", ["links/", "grids/", "jobs/", "auth/tokens/", "users/alice/"])
def test_a_forged_cursor_is_refused(alice: Client, path: str, cursor: str) -> None:
    # Without one there is no profile.
    assert alice.user
    Grid.objects.create(user=alice.user, title="Grid", visibility="public")
    answer = alice.get(f"{path}?cursor={quote(cursor)}")
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["code"] == "invalid"


FORGED_TITLES = {
    "NUL": ["\0", 1],
    "half a character": ["\ud800", 1],
    "too long": ["a" * 301, 1],
    "a list": [["a"], 1],
    "an object": [{"a": 1}, 1],
    "null": [None, 1],
}


@pytest.mark.parametrize("values", FORGED_TITLES.values(), ids=FORGED_TITLES.keys())
@pytest.mark.parametrize("path", ["links/", "grids/"])
def test_a_forged_title_is_refused(alice: Client, path: str, values: list[Any]) -> None:
    answer = alice.get(f"{path}?ordering=title&cursor={packed([0, values])}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize("values", [[-1, 0, 1], [0, 2**31, 1], [2**15, 0, 1], ["a", 0, 1]])
def test_a_forged_position_is_refused(alice: Client, grid: Grid, values: list[Any]) -> None:
    answer = alice.get(f"grids/{grid.slug}/links/?cursor={packed([0, values])}")
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("title", ["a", "2026-01-01"])
def test_the_cursor_of_another_list_never_fails_the_server(
    alice: Client, grid: Grid, title: str
) -> None:
    add(grid, *[(0, title, 0)] * 2)
    lists = {
        "links": [f"links/?ordering={name}&" for name in ORDERINGS if "position" not in name],
        "grid": [f"grids/{grid.slug}/links/?ordering={name}&" for name in ORDERINGS],
    }
    paths = [path for group in lists.values() for path in group]
    cursors = [alice.get(f"{path}limit=1").json()["next"].split("cursor=")[1] for path in paths]
    for path in [*paths, "jobs/?", "auth/tokens/?"]:
        for cursor in cursors:
            cursor = cursor.split("&")[0]
            assert alice.get(f"{path}cursor={cursor}").status_code in (200, 400)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    ),
    st.sampled_from(ORDERINGS),
)
def test_any_json_is_decoded_or_refused(value: Any, ordering: str) -> None:
    columns = [name.removeprefix("-") for name in ordering_of(ordering)]
    for forged in (value, [0, value], [0, [value] * len(columns)]):
        with suppress(Invalid):
            Cursor.decode(packed(forged), Link, columns)


@given(st.text(max_size=60))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    with suppress(Invalid):
        Cursor.decode(text, Link, ["created_on", "id"])
