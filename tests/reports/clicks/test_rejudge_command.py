"""`rejudge_bots` changes verdicts, first visits and sums together, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids.public.wire import Flag
from reports.clicks.enrichment import bots
from reports.clicks.rollups import watermark
from reports.models import Click, GridHour, LinkDay, SeenVisitor, Verdict, View, VisitorSalt
from tests.support.reports.click_rows import BROWSER, make_agent, make_click, make_view, noon

pytestmark = pytest.mark.django_db(transaction=True)
CURL = "curl/8.5.0"
FIRST = {"is_first_on_grid": True, "is_first_on_link": True}


@pytest.fixture(autouse=True)
def window(settings: Any) -> None:
    settings.CLICK_DUPLICATE_SECONDS = 10


def rejudge() -> str:
    out = StringIO()
    day = noon().date().isoformat()
    call_command("rejudge_bots", "--since", day, "--until", day, stdout=out)
    return out.getvalue()


def rows() -> list[tuple[int, bool, bool]]:
    """Verdict, first on the grid, first on the link, in the order of time."""
    found = Click.objects.order_by("clicked_on", "id")
    return list(found.values_list("verdict", "is_first_on_grid", "is_first_on_link"))


def totals() -> tuple[int, ...]:
    row = LinkDay.objects.get(link_id=1)
    return row.humans, row.duplicates, row.bots, row.visitors, row.link_visitors


def test_a_human_becomes_a_bot_and_the_next_is_first() -> None:
    at = noon()
    old = make_agent(CURL, bot_rules=0)
    make_click(at, visitor=7, agent=old, bot_rules=0, **FIRST)
    make_click(at + timedelta(seconds=3), visitor=7, verdict=Verdict.DUPLICATE)
    told = rejudge()
    assert "1 User-Agent headers reclassified" in told
    assert "In all: clicks 1 human to bot, 0 bot to human" in told
    assert rows() == [(Verdict.BOT, False, False), (Verdict.HUMAN, True, True)]
    click = Click.objects.earliest("clicked_on")
    assert (click.bot_reason, click.bot_rules) == ("library", bots.RULES_VERSION)
    assert totals() == (1, 0, 1, 1, 1)


def test_a_bot_becomes_a_human_and_its_visits_are_replayed() -> None:
    at = noon()
    old = make_agent(BROWSER, bot_reason="crawler", bot_rules=0)
    bot: dict[str, Any] = {
        "verdict": Verdict.BOT,
        "bot_reason": "crawler",
        "bot_rules": 0,
        "agent": old,
    }
    make_click(at, visitor=7, **bot)
    make_click(at + timedelta(seconds=9), visitor=7, **bot)
    make_click(at + timedelta(seconds=10), visitor=7, **bot)
    make_click(at + timedelta(seconds=10), link=2, visitor=7, **bot)
    # Nobody is recognised: no repeat and not first.
    make_click(at + timedelta(seconds=11), **bot)
    make_view(at, visitor=7, **bot)
    assert "clicks 0 human to bot, 5 bot to human; views 0 human to bot, 1 bot" in rejudge()
    assert rows() == [
        (Verdict.HUMAN, True, True),
        (Verdict.DUPLICATE, False, False),
        (Verdict.HUMAN, False, False),
        (Verdict.HUMAN, False, True),
        (Verdict.HUMAN, False, False),
    ]
    assert totals() == (3, 1, 0, 1, 1)
    view = View.objects.get()
    assert (view.verdict, view.is_first_on_grid, view.bot_reason) == (Verdict.HUMAN, True, "")
    grid = GridHour.objects.get()
    assert (grid.views, grid.views_bots, grid.views_visitors) == (1, 0, 1)


def test_request_flags_take_precedence() -> None:
    make_click(noon(), agent=make_agent(CURL, bot_reason="library"), flags=int(Flag.HEAD))
    rejudge()
    click = Click.objects.get()
    assert (click.verdict, click.bot_reason) == (Verdict.BOT, "head")


def test_the_second_time_changes_nothing() -> None:
    at = noon()
    old = make_agent(CURL, bot_rules=0)
    make_click(at, visitor=7, agent=old, **FIRST)
    make_click(at + timedelta(seconds=3), visitor=7, verdict=Verdict.DUPLICATE)
    rejudge()
    before = rows(), totals()
    told = rejudge().splitlines()
    assert told[0] == f"Rules {bots.RULES_VERSION}: 0 User-Agent headers reclassified"
    assert told[1:] == [
        "In all: clicks 0 human to bot, 0 bot to human; views 0 human to bot, 0 bot to human"
    ]
    assert (rows(), totals()) == before


def test_new_rules_leave_their_version_on_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    make_click(noon(), visitor=7, **FIRST)
    monkeypatch.setattr(bots, "RULES_VERSION", bots.RULES_VERSION + 1)
    rejudge()
    assert Click.objects.get().bot_rules == bots.RULES_VERSION
    assert rows() == [(Verdict.HUMAN, True, True)]


def test_every_day_raises_the_watermark() -> None:
    """Exports and reports that began before are then known to be outdated."""
    make_click(noon(), visitor=7, agent=make_agent(CURL, bot_rules=0), **FIRST)
    before = watermark.read()
    rejudge()
    assert watermark.read() == before._replace(reclassified=before.reclassified + 1)
    rejudge()
    assert watermark.read().reclassified == before.reclassified + 2


def test_queries_do_not_grow_with_clicks() -> None:
    def queries(clicks: int) -> int:
        old = make_agent(f"curl/{clicks}", bot_rules=0)
        for number in range(clicks):
            at = noon() + timedelta(minutes=number)
            make_click(at, link=number, visitor=clicks * 100 + number, agent=old, **FIRST)
            make_click(at, link=number, visitor=clicks * 100 + number)
        with CaptureQueriesContext(connection) as context:
            rejudge()
        return len(context)

    few = queries(2)
    assert queries(40) <= few


def test_earlier_days_stay_unchanged() -> None:
    earlier = make_click(noon(2), agent=make_agent(CURL, bot_rules=0))
    make_click(noon())
    rejudge()
    assert Click.objects.get(pk=earlier.pk).verdict == Verdict.HUMAN


@pytest.mark.parametrize(
    ("salt", "known"),
    [(b"x" * 32, lambda at: [(2, at + timedelta(seconds=1))]), (b"", lambda at: [])],
)
def test_the_history_of_today_is_rewritten(salt: bytes, known: Callable[[Any], list[Any]]) -> None:
    """While the day's visitors can still come again, the ingest goes on from what the replay says."""
    at = noon()
    VisitorSalt.objects.create(day=at.date(), salt=salt)
    make_click(at, visitor=7, agent=make_agent(CURL, bot_rules=0), **FIRST)
    make_click(at + timedelta(seconds=1), link=2, visitor=7, is_first_on_link=True)
    for link in (1, 2):
        SeenVisitor.objects.create(day=at.date(), grid_id=1, visitor=7, link_id=link, last_on=at)
    rejudge()
    assert list(SeenVisitor.objects.values_list("link_id", "last_on")) == known(at)


def test_days_without_their_raw_rows_are_refused() -> None:
    make_click(noon())
    with pytest.raises(CommandError, match="too early"):
        call_command("rejudge_bots", "--since", "2001-01-01")
    with pytest.raises(CommandError, match="--since"):
        call_command("rejudge_bots")
