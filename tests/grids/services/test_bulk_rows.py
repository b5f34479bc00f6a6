"""Test that bulk writes store every value of every column in its row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gridlink.accounts.models import User
from gridlink.lib.weburl import url_key
from grids.models import Grid, Link
from grids.selectors import link_list
from grids.services.bulk import BulkCreate, BulkItem, BulkRequest, BulkUpdate, link_bulk
from grids.services.changes import LinkChanges, NewLink

FROM, UNTIL = (datetime(2026, 1, day, 10, 30, 0, 123456, tzinfo=UTC) for day in (1, 2))
FULL: dict[str, Any] = {
    "url": "https://example.org/ä?q=1&a='x'",
    "title": 'O\'Neill "quoted" \\ 100%s 日本',
    "note": "line\nline\ttab {}",
    "tags": ["a,b", 'q"\\', "{}", "NULL", "ü"],
    "alias": "fox",
    "x": 3,
    "y": 1_000_000,
    "width": 2,
    "height": 50,
    "background": "#1e90ff",
    "style": {"radius": 3, "font": "mono", "shadow": True, "icon": "é\"'"},
    "active_from": FROM,
    "active_until": UNTIL,
    "forward_query": False,
}
EMPTY: dict[str, Any] = {
    "url": "mailto:a@example.org",
    "title": "plain",
    "note": "",
    "tags": [],
    "alias": None,
    "x": 0,
    "y": 0,
    "width": 1,
    "height": 1,
    "background": "",
    "style": {},
    "active_from": None,
    "active_until": None,
    "forward_query": True,
}


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def grid(user: User) -> Grid:
    return Grid.objects.create(user=user, title="Grid", columns=6)


def make(user: User, grid: Grid, *rows: dict[str, Any]) -> list[Link]:
    """Create links in bulk, and return them as the database has them."""
    items = [
        BulkCreate(index=index, new=NewLink(grid=grid.slug, **row))
        for index, row in enumerate(rows)
    ]
    verdicts = link_bulk(user=user, request=BulkRequest(create=items))
    assert [verdict.error for verdict in verdicts] == [None] * len(rows)
    return list(Link.objects.order_by("pk"))


def change(user: User, links: list[Link], *rows: dict[str, Any]) -> list[Link]:
    """Change links in bulk, and return them as the database has them."""
    items = [
        BulkUpdate(index=index, slug=link.slug, changes=LinkChanges(**row))
        for index, (link, row) in enumerate(zip(links, rows, strict=True))
    ]
    verdicts = link_bulk(user=user, request=BulkRequest(update=items))
    assert [verdict.error for verdict in verdicts] == [None] * len(rows)
    return list(Link.objects.order_by("pk"))


def values(link: Link) -> dict[str, Any]:
    return {name: getattr(link, name) for name in FULL}


def found(user: User, words: str) -> set[int]:
    return set(link_list(user=user, q=words).values_list("pk", flat=True))


def test_created_links_have_every_value(user: User, grid: Grid) -> None:
    full, empty = make(user, grid, FULL, EMPTY)
    assert [values(full), values(empty)] == [FULL, EMPTY]
    for link in (full, empty):
        assert (link.user_id, link.grid_id, link.version) == (user.pk, grid.pk, 1)
        assert link.url_key == url_key(link.url)
        assert (link.is_deleted, link.deleted_on, link.clicks_before_import) == (False, None, 0)


def test_changed_links_have_every_value_and_keep_the_rest(user: User, grid: Grid) -> None:
    full, empty = make(user, grid, FULL, EMPTY)
    other = Grid.objects.create(user=user, title="Other", columns=6)
    Link.objects.update(clicks_before_import=12, clicks_before_import_from="csv")
    changed = change(
        user, [full, empty], {**EMPTY, "grid": other.slug}, {**FULL, "grid": other.slug}
    )
    assert [values(link) for link in changed] == [EMPTY, FULL]
    for before, link in zip([full, empty], changed, strict=True):
        assert (link.grid_id, link.version, link.url_key) == (other.pk, 2, url_key(link.url))
        assert (link.slug, link.created_on) == (before.slug, before.created_on)
        assert link.modified_on > before.modified_on
        assert (link.clicks_before_import, link.clicks_before_import_from) == (12, "csv")


def test_what_is_not_given_stays(user: User, grid: Grid) -> None:
    (link,) = make(user, grid, FULL)
    (link,) = change(user, [link], {"title": "other"})
    assert values(link) == {**FULL, "title": "other"}


def test_the_search_vector_follows(user: User, grid: Grid) -> None:
    one, two = make(user, grid, {**EMPTY, "title": "zebra"}, {**EMPTY, "x": 1, "title": "koala"})
    assert (found(user, "zebra"), found(user, "koala")) == ({one.pk}, {two.pk})
    change(user, [one, two], {"title": "heron", "note": "tapir"}, {"url": "https://lynx.example/"})
    assert (found(user, "zebra"), found(user, "heron"), found(user, "tapir")) == (
        set(), {one.pk}, {one.pk},
    )  # fmt: skip
    assert (found(user, "koala"), found(user, "lynx")) == ({two.pk}, {two.pk})


def test_deleted_links_are_in_the_trash(user: User, grid: Grid) -> None:
    links = make(user, grid, FULL, EMPTY)
    link_bulk(
        user=user,
        request=BulkRequest(
            delete=[BulkItem(index=index, slug=link.slug) for index, link in enumerate(links)]
        ),
    )
    for link, row in zip(Link.objects.order_by("pk"), (FULL, EMPTY), strict=True):
        assert values(link) == row
        assert (link.is_deleted, link.version) == (True, 2)
        assert link.deleted_on == link.modified_on


def test_a_thousand_links_are_changed_by_one_statement(user: User, grid: Grid) -> None:
    links = make(user, grid, *({**EMPTY, "x": n % 6, "y": n // 6} for n in range(1000)))
    rows = [
        {"title": f"title {n}", "tags": [f"t{n}"] * (n % 3), "alias": f"a{n}" if n % 2 else None}
        for n in range(1000)
    ]
    with CaptureQueriesContext(connection) as queries:
        changed = change(user, links, *rows)
    statements = [query["sql"] for query in queries if "UPDATE grids_link AS" in query["sql"]]
    assert len(statements) == 1
    assert [(link.title, link.tags, link.alias, link.version) for link in changed] == [
        (row["title"], row["tags"], row["alias"], 2) for row in rows
    ]
