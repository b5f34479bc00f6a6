"""Test scopes of reports: as named, and as resolved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gridlink.lib.errors import Invalid
from grids.models import Grid, Link
from reports.reporting.kinds.scope import NAMED_MAX, Scope
from tests.support.reports.clicks import Visited, load
from tests.support.reports.reports import add_clicks, answer, facts, make_links, question

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
GONE = [f"gr_{number:032x}" for number in range(30)]
GONE_LINK = f"li_{7:032x}"


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Two links with tags: 1 click on the first, 2 on the second."""
    links = [make_links(grid, 1, title=f"L{x}", tags=["a", "b"][: x + 1])[0] for x in range(2)]
    load(grid, links, clicks=[Visited(NOON, link=x) for x in (0, 1, 1)])
    return links


@pytest.fixture
def other(grid: Grid, links: list[Link]) -> Grid:
    """Another grid with a link of tag a, and 4 clicks."""
    other = Grid.objects.create(user=grid.user, title="Other")
    add_clicks(make_links(other, 1, title="M", tags=["a"]) * 4, NOON)
    return other


def found(grid: Grid, **scope: list[str]) -> tuple[int, str, tuple[str, ...]]:
    """Clicks, the words for the scope, and the remarks."""
    result = answer("traffic", question(grid.user, scope=scope), compare="none")
    words = result.subtitle.partition(", 2026")[0]
    return facts(result)["clicks"], words, result.remarks


def test_what_is_in_scope(grid: Grid, links: list[Link], other: Grid) -> None:
    first, second = (link.slug for link in links)
    assert found(grid) == (7, "All grids", ())
    assert found(grid, grids=[grid.slug]) == (3, "Grid “Grid”", ())
    assert found(grid, grids=[grid.slug, other.slug]) == (7, "2 grids", ())
    assert found(grid, links=[first]) == (1, "Link “L0”", ())
    assert found(grid, links=[first, second]) == (3, "2 links", ())
    assert found(grid, links=[first], grids=[other.slug]) == (5, "Grid “Other” and link “L0”", ())
    assert found(grid, tags=["a"]) == (7, "All links, tagged a", ())
    assert found(grid, tags=["a", "b"]) == (2, "All links, tagged a, b", ())
    assert found(grid, tags=["a"], grids=[other.slug]) == (4, "Grid “Other”, tagged a", ())


def trash(thing: Grid | Link) -> None:
    type(thing)._default_manager.filter(pk=thing.pk).update(is_deleted=True, deleted_on=NOON)


def test_what_is_in_the_trash_still_counts(grid: Grid, links: list[Link], other: Grid) -> None:
    trash(other)
    trash(links[0])
    remark = "The grid “Other” is in the trash."
    assert found(grid, grids=[other.slug]) == (4, "Grid “Other”", (remark,))
    remark = "The link “L0” is in the trash."
    assert found(grid, links=[links[0].slug]) == (1, "Link “L0”", (remark,))
    assert found(grid, tags=["a"]) == (7, "All links, tagged a", ())
    moved = Link.objects.get(title="M")
    remark = "The link “M” is in the trash."
    assert found(grid, links=[moved.slug]) == (4, "Link “M”", (remark,))


def test_what_is_gone_is_named(grid: Grid, links: list[Link]) -> None:
    remark = f"The grid {GONE[0]} no longer exists."
    assert found(grid, grids=[GONE[0], grid.slug]) == (3, "2 grids", (remark,))
    nothing = "None of the report's grids and links exist any more."
    assert found(grid, grids=GONE[:1]) == (0, "1 grid", (remark, nothing))
    remark = f"The link {GONE_LINK} no longer exists."
    assert found(grid, links=[GONE_LINK]) == (0, "1 link", (remark, nothing))
    assert found(grid, tags=["c"]) == (0, "All links, tagged c", (nothing,))


def test_not_all_that_is_gone_is_named(grid: Grid, links: list[Link]) -> None:
    clicks, words, remarks = found(grid, grids=[grid.slug, *GONE])
    assert (clicks, words, len(remarks)) == (3, "31 grids", 21)
    assert remarks[-1] == "10 more grids are in the trash or no longer exist."


def test_scopes_are_read_back() -> None:
    given = {"grids": GONE[:2], "links": [GONE_LINK], "tags": ["ä b", "c"]}
    assert Scope.parse(given).as_json() == given
    assert Scope.parse({}) == Scope()
    assert Scope.parse(Scope().as_json()).is_all
    assert Scope.parse({"tags": ["a", "b", "a"]}).tags == ("a", "b")


@pytest.mark.parametrize(
    "given",
    [
        {"grids": ["li_" + "0" * 32]},
        {"grids": ["gr_0"]},
        {"grids": [GONE[0] + "\n"]},
        {"grids": GONE[0]},
        {"grids": [GONE[0]] * (NAMED_MAX + 1)},
        {"links": [GONE[0]]},
        {"links": [None]},
        {"tags": [5]},
        {"tags": ["a\0b"]},
        {"tags": ["\ud800"]},
        {"tags": ["a" * 65]},
        {"tags": None},
        {"tag": ["a"]},
    ],
)
def test_bad_scopes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        Scope.parse(given)
    assert list(caught.value.fields) == list(given)


@pytest.mark.parametrize("count", [1, 20])
def test_three_queries(
    grid: Grid, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    slugs = [link.slug for link in make_links(grid, count, tags=["a"])]
    scope = Scope.parse({"grids": [grid.slug], "links": slugs, "tags": ["a"]})
    with django_assert_num_queries(3):
        scope.resolve(user_id=grid.user_id)
