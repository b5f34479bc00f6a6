"""Test link health: the results of the last checks, worst first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grids.models import Grid, Link, LinkCheck, Verdict
from reports.reporting.kinds.link_health import WORST_FIRST
from tests.support.client import Client
from tests.support.reports.reports import answer, columns, facts, make_links, question

CHECKED = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
ALL = dict.fromkeys([*WORST_FIRST, "unchecked"], 0)


def checked(link: Link, verdict: Verdict, **fields: Any) -> None:
    fields = {"url_key": link.url_key, "checked_on": CHECKED, **fields}
    LinkCheck.objects.create(link=link, verdict=verdict, **fields)


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Well, dead, moved, about to be, with another address than was checked, in the trash, never checked."""
    links = make_links(grid, 7)
    checked(links[0], Verdict.OK, status=200, milliseconds=80)
    checked(links[1], Verdict.DEAD, status=404, milliseconds=70)
    checked(links[2], Verdict.REDIRECTED, status=301, moved_to="https://e.org/new", milliseconds=9)
    expires = CHECKED + timedelta(days=9)
    checked(links[3], Verdict.TLS_EXPIRING, status=200, certificate_expires_on=expires)
    checked(links[4], Verdict.DEAD, url_key="another")
    checked(links[5], Verdict.DEAD)
    Link.objects.filter(pk=links[5].pk).update(is_deleted=True, deleted_on=CHECKED)
    return links


def test_problems_come_first(grid: Grid, links: list[Link]) -> None:
    result = answer("link_health", question(grid.user, tz="Europe/Athens"))
    assert result.subtitle == "All grids, as last checked"
    names = ("link", "verdict", "status", "moved_to", "milliseconds")
    assert columns(result, "links", *names) == [
        (links[1].slug, "dead", 404, None, 70),
        (links[3].slug, "tls_expiring", 200, None, None),
        (links[2].slug, "redirected", 301, "https://e.org/new", 9),
        (links[0].slug, "ok", 200, None, 80),
    ]
    assert columns(result, "links", "title", "url", "grid_title")[0] == (
        "L1",
        "https://e.org/1",
        "Grid",
    )
    times = columns(result, "links", "checked_on", "certificate_expires_on")
    assert [time and time.isoformat() for time in times[1]] == [
        "2026-03-29T02:30:00+02:00",
        "2026-04-07T03:30:00+03:00",
    ]


def test_all_are_counted_also_those_not_checked(grid: Grid, links: list[Link]) -> None:
    result = answer("link_health", question(grid.user))
    found = {"dead": 1, "tls_expiring": 1, "redirected": 1, "ok": 1, "unchecked": 2}
    assert facts(result) == {"links": 6, **ALL, **found}
    rows = columns(result, "health", "label", "verdict", "links", "share")
    assert len(rows) == len(ALL)
    assert rows[0] == ("The page, or its whole host, is gone", "dead", 1, 0.1667)
    never = "Not checked, or its address has changed since"
    assert rows[-1] == (never, "unchecked", 2, 0.3333)


def test_every_verdict_has_a_rank() -> None:
    assert sorted(WORST_FIRST) == sorted(Verdict)


def test_problems_alone_and_the_first_of_them(grid: Grid, links: list[Link]) -> None:
    table = answer("link_health", question(grid.user), show="problems").table("links")
    assert (len(table.rows), table.note) == (3, "")
    table = answer("link_health", question(grid.user), show="problems", limit=2).table("links")
    assert table.values("verdict") == ["dead", "tls_expiring"]
    assert table.note == "The first 2 of 3."


def test_only_what_is_in_scope(grid: Grid, links: list[Link], bob: Client) -> None:
    scope = {"links": [links[2].slug]}
    found = facts(answer("link_health", question(grid.user, scope=scope)))
    assert found == {"links": 1, **ALL, "redirected": 1}
    assert facts(answer("link_health", question(bob.user))) == {"links": 0, **ALL}


@pytest.mark.parametrize("count", [3, 20])
def test_three_queries(
    grid: Grid, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for link in make_links(grid, count):
        checked(link, Verdict.SLOW)
    with django_assert_num_queries(3):
        assert len(answer("link_health", question(grid.user)).table("links").rows) == count
