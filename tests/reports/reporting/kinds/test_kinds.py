"""Test what holds for every kind of report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gridlink.lib.errors import Invalid
from grids.models import Grid, Link
from reports.models import Click
from reports.reporting.kinds.base import DataSource
from reports.reporting.kinds.parameters import described, parse
from reports.reporting.kinds.registry import KINDS
from reports.reporting.kinds.scope import NAMED_MAX
from reports.reporting.results.cells import CellType
from tests.support.client import Client
from tests.support.reports.clicks import Visited, load, roll_up
from tests.support.reports.reports import answer, facts, make_links, question
from tests.support.reports.visits import Case, cases, counted

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
random = hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COUNTS = {"clicks", "visitors", "views", "bots", "accepted", "links", "tiles", "added", "quiet"}
every = pytest.mark.parametrize("kind", KINDS)
HOSTILE = ["=1+1", "<script>alert(1)</script>", '#let x = 1; $ "\\', "a" * 300, "\u202eabc 漢字 🧭"]


@every
def test_kinds_say_what_they_are(kind: str) -> None:
    found = KINDS[kind]
    assert found.name == kind
    assert found.title
    assert found.description.endswith((".", "?"))
    assert found.reads <= set(DataSource)
    assert found.reads


@every
@pytest.mark.parametrize(
    ("since", "until", "tz"),
    [
        ("2026-03-01", "2026-03-31", "UTC"),
        # A day that a place skipped, and one that begins at one o'clock.
        ("2011-12-29", "2011-12-31", "Pacific/Apia"),
        ("2026-04-24", "2026-04-24", "Africa/Cairo"),
        ("2016-08-01", "2026-07-31", "Asia/Kolkata"),
        ("2026-06-30T23:59:59.999999", "2026-07-02", "UTC"),
        ("2030-01-01", "2030-01-02", "Asia/Kolkata"),
    ],
)
def test_an_empty_account_is_all_zeros(
    alice: Client, kind: str, since: str, until: str, tz: str
) -> None:
    result = answer(kind, question(alice.user, since, until, tz))
    assert (result.kind, result.zone, result.remarks) == (kind, tz, ())
    assert {fact.value for fact in result.facts if fact.name in COUNTS} == {0}
    rates = [fact.value for fact in result.facts if fact.type == CellType.RATE]
    assert set(rates) <= {None}


@every
@pytest.mark.parametrize("include_bots", [False, True])
def test_text_is_data(grid: Grid, kind: str, include_bots: bool) -> None:
    links = [make_links(grid, 1, title=text, url=text)[0] for text in HOSTILE]
    Grid.objects.filter(pk=grid.pk).update(title=HOSTILE[1])
    clicks = [
        Visited(NOON, link=x, referrer=text[:255], tile=text[:32]) for x, text in enumerate(HOSTILE)
    ]
    load(grid, links, clicks=clicks)
    asked = question(grid.user, scope={"grids": [grid.slug]}, include_bots=include_bots)
    assert answer(kind, asked).subtitle.startswith(f"Grid “{HOSTILE[1]}”, ")


@every
def test_the_same_question_has_an_equal_answer(grid: Grid, kind: str) -> None:
    links = make_links(grid, 9, y=3)
    load(grid, links, clicks=[Visited(NOON, link=x, country=f"{x % 3}A") for x in range(9)])
    asked = question(grid.user)
    assert answer(kind, asked) == answer(kind, asked)


@every
def test_nobody_elses_numbers_are_read(grid: Grid, bob: Client, kind: str) -> None:
    load(grid, make_links(grid, 2), clicks=[Visited(NOON)] * 3, views=[Visited(NOON)])
    scopes: list[dict[str, list[str]]] = [
        {"grids": [grid.slug]},
        {"links": [link.slug for link in Link.objects.all()]},
    ]
    for scope in scopes:
        result = answer(kind, question(bob.user, scope=scope))
        assert {fact.value for fact in result.facts if fact.name in COUNTS} == {0}
        assert result.remarks[0].endswith("no longer exists.")
        assert "Grid" not in json.dumps([result.subtitle, result.remarks])


def test_all_kinds_tell_the_same_totals(grid: Grid) -> None:
    links = make_links(grid, 3)

    @random
    @given(case=cases(), bots=st.booleans())
    def check(case: Case, bots: bool) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        since, until = (moment.isoformat() for moment in (case.start, case.until))
        asked = question(grid.user, since, until, case.zone.key, include_bots=bots)
        totals = counted(case.asked, bots=bots)["clicks"]
        for kind in ("summary", "traffic", "top", "breakdown", "tiles"):
            result = answer(kind, asked)
            assert facts(result)["clicks"] == totals
            for table in result.tables:
                if "clicks" in [column.name for column in table.columns]:
                    assert sum(table.values("clicks")) == totals

    check()


def test_ten_thousand_links(grid: Grid) -> None:
    links = Link.objects.bulk_create(
        Link(user=grid.user, grid=grid, url="https://e.org/", title=f"L{y}", x=0, y=y)
        for y in range(NAMED_MAX)
    )
    load(grid, links[:1], clicks=[Visited(NOON)])
    click_each(links[1:])
    asked = question(grid.user, scope={"links": [link.slug for link in links]})
    top, tiles = answer("top", asked, limit=NAMED_MAX), answer("tiles", asked)
    assert len(top.table("links").rows) == len(tiles.table("positions").rows) == NAMED_MAX
    for result in (top, tiles, answer("summary", asked), answer("changes", asked)):
        assert max(chart.rows for chart in result.charts) <= 31
        assert result.subtitle.startswith("10000 links, ")


def click_each(links: list[Link]) -> None:
    """A click on each, as the one that there is, where its tile lies."""
    names = [field.attname for field in Click._meta.fields]
    same = ", ".join(name for name in names if name not in ("id", "link_id", "tile"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO reports_click ({same}, link_id, tile)"
            f" SELECT {same}, link, '0,' || y || ',1,1' FROM reports_click,"
            " unnest(%s::bigint[], %s::int[]) AS clicked(link, y)",
            [[link.pk for link in links], [link.y for link in links]],
        )
    roll_up()


@every
def test_a_scope_depends_on_links(alice: Client, kind: str) -> None:
    found, params = KINDS[kind], parse(KINDS[kind].parameters, {})
    assert found(question(alice.user), params).depends_on == found.reads
    scoped = found(question(alice.user, scope={"tags": ["a"]}), params)
    assert scoped.depends_on == found.reads | {DataSource.LINKS}


@every
def test_parameters_are_described_and_read_back(kind: str) -> None:
    cls = KINDS[kind].parameters
    default = parse(cls, {})
    assert parse(cls, json.loads(json.dumps(default))) == default
    for each in described(cls):
        assert each["help"]
        assert each["type"] in {"integer", "boolean", "choice", "choices"}
        assert parse(cls, {each["name"]: each["default"]}) == default
    assert [each["name"] for each in described(cls)] == list(default)


def test_a_description_in_full() -> None:
    assert described(KINDS["traffic"].parameters)[0] == {
        "name": "step",
        "type": "choice",
        "choices": ["auto", "hour", "day", "week", "month"],
        "minimum": None,
        "maximum": None,
        "default": "auto",
        "help": "The time that each row covers; `auto` depends on the length of the range.",
    }
    limit = described(KINDS["top"].parameters)[0]
    assert (limit["type"], limit["minimum"], limit["maximum"]) == ("integer", 1, 100_000)
    dimensions = described(KINDS["breakdown"].parameters)[0]
    assert dimensions["type"] == "choices"
    assert dimensions["default"] == ["country", "device", "browser", "os", "referrer"]


@every
@pytest.mark.parametrize("given", [{"nonsense": 1}, {"": None}, {"step\0": "day"}])
def test_unknown_parameters_are_refused(kind: str, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        parse(KINDS[kind].parameters, given)
    assert list(caught.value.fields) == list(given)


@pytest.mark.parametrize("given", [[], "step", None, 5])
def test_what_are_no_parameters_is_refused(given: Any) -> None:
    with pytest.raises(Invalid):
        parse(KINDS["traffic"].parameters, given)
