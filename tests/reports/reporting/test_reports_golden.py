"""A golden account: clicks that can be counted by hand, and what every kind of report says of them in every
format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from grids.models import Link
from reports.reporting.kinds.registry import KINDS
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.result import Result
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports import golden
from tests.support.reports.agreement import assert_all_agree, assert_facts_agree
from tests.support.reports.report_runs import define, files_of, result_of, run
from tests.support.reports.reports import columns, facts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_months_left")]
ASKED = {"range": golden.RANGE, "time_zone": golden.ZONE, "week_start": "sunday"}
BOLD, FORMULA, TYPST, CONTROLS, ARABIC, HEBREW, HAN, TRASHED, _ = golden.TITLES
FIRST, SECOND = golden.GRIDS
SPAN = "All grids, 2025-10-01 to 2026-04-30 (Europe/Athens)"
Make = Callable[..., Result]


@pytest.fixture
def links(owner: Client) -> list[Link]:
    """The account's, in the order of their titles."""
    return golden.fill(user_of(owner), make_user("stranger"))


@pytest.fixture
def made(owner: Client, links: list[Link], storage: Path) -> Make:
    """Call it with a kind: its result, once it has shown that all five files have it."""

    def make(kind: str, **fields: Any) -> Result:
        wish = {"title": golden.REPORT_TITLE, "kind": kind, "formats": sorted(RENDERERS)}
        job = run(owner, define(owner, **{**wish, **ASKED, **fields}))
        found, result = files_of(job, storage), result_of(job, storage)
        files = {"csv": found.get("zip", b""), **found}
        assert_all_agree(files, result)
        assert_facts_agree(files, result)
        assert result.title == golden.REPORT_TITLE
        return result

    return make


def test_every_kind_is_here() -> None:
    assert {f"test_{kind}" for kind in KINDS} <= set(globals())


WEEKS = {
    # Clicks, visitors, views, click-through, clicks before.
    date(2025, 9, 28): (1, 1, 0, None, 0),
    date(2025, 10, 26): (2, 1, 4, 0.5, 0),
    date(2025, 12, 21): (1, 1, 0, None, 0),
    date(2025, 12, 28): (0, 0, 0, None, 3),
    date(2026, 1, 4): (1, 1, 0, None, 0),
    date(2026, 1, 11): (3, 1, 16, 0.1875, 0),
    date(2026, 3, 29): (3, 1, 4, 0.75, 0),
    date(2026, 4, 26): (1, 0, 0, None, 1),
}
HEADLINE = {
    "clicks": 12,
    "clicks_before": 4,
    "clicks_change": 2.0,
    "visitors": 6,
    "visitors_before": 1,
    "visitors_change": 5.0,
    "views": 24,
    "views_before": 5,
    "views_change": 3.8,
    "click_through": 0.5,
    "click_through_before": 0.8,
    "click_through_change": -0.375,
}
NOW = {"clicks": 12, "visitors": 6, "views": 24, "click_through": 0.5}


def test_traffic(made: Make) -> None:
    result = made("traffic")
    assert result.subtitle == SPAN
    assert facts(result) == HEADLINE
    rows = columns(
        result, "traffic", "time", "clicks", "visitors", "views", "click_through", "clicks_before"
    )
    assert len(rows) == 31
    assert (rows[0][0], rows[-1][0]) == (date(2025, 9, 28), date(2026, 4, 26))
    assert {week: tuple(rest) for week, *rest in rows if any(rest)} == WEEKS
    note = "Before is 2025-03-03 to 2025-09-30 (Europe/Athens)."
    assert result.table("traffic").note == note


@pytest.mark.parametrize(
    ("day", "hours", "clicked"),
    [
        (
            "2025-10-26",
            25,
            {"2025-10-26T03:00:00+03:00": (1, 0), "2025-10-26T03:00:00+02:00": (1, 4)},
        ),
        (
            "2026-03-29",
            23,
            {"2026-03-29T02:00:00+02:00": (1, 0), "2026-03-29T04:00:00+03:00": (2, 4)},
        ),
    ],
)
def test_hours_of_days_on_which_clocks_change(
    made: Make, day: str, hours: int, clicked: dict[str, tuple[int, int]]
) -> None:
    result = made("traffic", range={"from": day, "to": day}, params={"compare": "none"})
    rows = columns(result, "traffic", "time", "clicks", "views")
    assert len(rows) == hours
    assert {hour.isoformat(): tuple(rest) for hour, *rest in rows if any(rest)} == clicked


def test_top(made: Make, links: list[Link]) -> None:
    result = made("top")
    assert facts(result) == NOW
    slugs = [link.slug for link in links]
    names = ("link", "title", "grid_title", "clicks", "visitors", "share", "click_through")
    assert columns(result, "links", *names) == [
        (slugs[2], TYPST, FIRST, 3, 1, 0.25, 0.15),
        (slugs[0], BOLD, FIRST, 2, 1, 0.1667, 0.1),
        (slugs[1], FORMULA, FIRST, 2, 1, 0.1667, 0.1),
        (slugs[4], ARABIC, SECOND, 2, 1, 0.1667, 0.5),
        ("", "deleted", None, 1, 1, 0.0833, None),
        (slugs[5], HEBREW, SECOND, 1, 0, 0.0833, 0.25),
        (slugs[7], TRASHED, SECOND, 1, 1, 0.0833, 0.25),
    ]
    assert result.table("links").values("url")[0] == "https://e.example/2?a=<1>&b=2"
    counts = ("clicks", "visitors", "share", "views", "click_through")
    assert columns(result, "grids", "title", *counts) == [
        (FIRST, 7, 3, 0.5833, 20, 0.35),
        (SECOND, 5, 3, 0.4167, 4, 1.25),
    ]


COUNTRIES = [
    ("Greece", "GR", 4, 3, 0.3333),
    ("Japan", "JP", 3, 1, 0.25),
    ("Germany", "DE", 2, 1, 0.1667),
    ("Israel", "IL", 2, 1, 0.1667),
    ("none or unknown", "", 1, 0, 0.0833),
    # Bots alone, and what was refused.
    ("United States", "US", 0, 0, 0.0),
    ("not kept", None, 0, 0, 0.0),
]
VALUES = ("label", "value", "clicks", "visitors", "share")


def test_breakdown(made: Make) -> None:
    params = {"dimensions": ["country", "device", "browser", "utm_campaign"]}
    result = made("breakdown", params=params, include_bots=True)
    assert facts(result) == {**NOW, "clicks": 14, "bots": 2}
    assert columns(result, "country", "value", "clicks", "share")[2:6] == [
        ("DE", 2, 0.1429),
        ("IL", 2, 0.1429),
        ("US", 2, 0.1429),
        ("", 1, 0.0714),
    ]
    result = made("breakdown", params=params)
    assert facts(result) == NOW
    assert columns(result, "country", *VALUES) == COUNTRIES
    assert columns(result, "device", *VALUES[1:]) == [
        ("desktop", 7, 4, 0.5833),
        ("mobile", 5, 2, 0.4167),
        ("bot", 0, 0, 0.0),
        (None, 0, 0, 0.0),
    ]
    assert [clicks for _, clicks in columns(result, "browser", "value", "clicks")] == [7, 5, 0, 0]
    assert columns(result, "utm_campaign", "value", "clicks") == [
        ("", 7),
        (golden.CAMPAIGNS[0], 3),
        (golden.CAMPAIGNS[1], 2),
        (None, 0),
    ]


def test_tiles(made: Make) -> None:
    result = made("tiles")
    assert facts(result) == {"clicks": 12, "tiles": 9, "exposures": 100, "click_through": 0.12}
    names = ("tiles", "clicks", "share", "exposures", "click_through", "worth")
    small = (7, 8, 0.6667, 76, 0.1053, 1.0)
    wide, large = (1, 1, 0.0833, 4, 0.25, 2.375), (1, 3, 0.25, 20, 0.15, 1.425)
    assert columns(result, "sizes", "label", *names) == [
        ("1 by 1", *small),
        ("2 by 1", *wide),
        ("2 by 2", *large),
    ]
    assert columns(result, "areas", "area", *names) == [(1, *small), (2, *wide), (4, *large)]
    assert columns(result, "rows", "label", *names) == [
        ("1", 6, 8, 0.6667, 72, 0.1111, 1.0556),
        ("2", 2, 3, 0.25, 24, 0.125, 1.1875),
        ("6", 1, 1, 0.0833, 4, 0.25, 2.375),
    ]
    assert columns(result, "positions", "label", *names) == [
        ("1, 1", 2, 4, 0.3333, 24, 0.1667, 1.5833),
        ("1, 2", 2, 3, 0.25, 24, 0.125, 1.1875),
        ("1, 3", 2, 1, 0.0833, 24, 0.0417, 0.3958),
        ("2, 1", 2, 3, 0.25, 24, 0.125, 1.1875),
        ("6, 6", 1, 1, 0.0833, 4, 0.25, 2.375),
    ]


HEALTH = {"dead": 1, "tls_expiring": 1, "redirected": 1, "ok": 1, "unchecked": 3}


def test_link_health(made: Make) -> None:
    result = made("link_health")
    counts = facts(result)
    assert {name: count for name, count in counts.items() if count} == {"links": 7, **HEALTH}
    rows = columns(result, "health", "verdict", "links", "share")
    assert {verdict: each for verdict, *each in rows if any(each)} == {
        name: [count, 0.4286 if count == 3 else 0.1429] for name, count in HEALTH.items()
    }
    names = ("title", "verdict", "status", "moved_to", "milliseconds")
    assert columns(result, "links", *names) == [
        (FORMULA, "dead", 404, None, 1234),
        (ARABIC, "tls_expiring", None, None, None),
        (TYPST, "redirected", 301, golden.MOVED_TO, None),
        (BOLD, "ok", 200, None, 80),
    ]
    ends = columns(result, "links", "certificate_expires_on", "checked_on")[1]
    # Clocks show both of them as half past three.
    assert [moment.isoformat() for moment in ends] == [
        "2025-10-26T03:30:00+03:00",
        "2025-10-26T03:30:00+02:00",
    ]


def test_changes(made: Make) -> None:
    result = made("changes")
    assert facts(result) == {"added": 1, "removed": 1, "quiet": 1}
    ((title, added_on, *clicks),) = columns(
        result, "added", "title", "added_on", "clicks_before", "clicks"
    )
    assert (title, added_on.isoformat(), clicks) == (HAN, "2026-03-29T02:30:00+02:00", [0, 0])
    ((title, removed_on, *clicks),) = columns(
        result, "removed", "title", "removed_on", "clicks_before", "clicks"
    )
    assert (title, removed_on.isoformat(), clicks) == (TRASHED, "2026-02-10T12:00:00+02:00", [0, 1])
    assert columns(result, "quiet", "title", "clicks_before") == [(golden.SHOWN, 2)]


def test_ledger(made: Make) -> None:
    result = made("ledger")
    counts = {"accepted": 19, "humans": 12, "duplicates": 1, "bots": 2, "refused": 4}
    assert facts(result) == {**counts, "balanced": True}
    rows = columns(result, "ledger", "time", *counts)
    assert len(rows) == 31
    humans = {week: clicks for week, (clicks, *_) in WEEKS.items() if clicks}
    expected = {week: (clicks, clicks, 0, 0, 0) for week, clicks in humans.items()}
    expected[date(2025, 10, 26)] = (3, 2, 1, 0, 0)
    expected[date(2026, 1, 11)] = (9, 3, 0, 2, 4)
    assert {week: tuple(rest) for week, *rest in rows if any(rest)} == expected
    assert set(result.table("ledger").values("balanced")) == {True}


def test_summary(made: Make) -> None:
    result = made("summary")
    assert facts(result) == {**HEADLINE, "new_links": 1, "links": 7}
    days = columns(result, "traffic", "time", "clicks", "clicks_before")
    assert len(days) == 212
    assert {f"{day:%m-%d}": (now, before) for day, now, before in days if now or before} == {
        "10-01": (1, 0),
        "10-26": (2, 0),
        "12-24": (1, 0),
        "12-30": (0, 3),
        "01-10": (1, 0),
        "01-15": (3, 0),
        "03-29": (3, 0),
        "04-30": (1, 1),
    }
    titles = [TYPST, BOLD, FORMULA, ARABIC, "deleted", "other"]
    assert result.table("links").values("title") == titles
    assert result.table("links").values("clicks") == [3, 2, 2, 2, 1, 2]
    assert columns(result, "grids", "title", "clicks") == [(FIRST, 7), (SECOND, 5)]
    assert columns(result, "country", "number", "label", "clicks", "share") == [
        *(
            (at, label, clicks, share)
            for at, (label, _, clicks, _, share) in enumerate(COUNTRIES[:5], 1)
        ),
        (None, "other", 0, 0.0),
        (None, "not kept", 0, 0.0),
    ]
    assert result.table("device").values("clicks") == [7, 5, 0, 0]
    assert sum(result.table("health").values("links")) == 7
    assert result.table("new_links").values("title") == [HAN]
