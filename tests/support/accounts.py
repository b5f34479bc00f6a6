"""An account with something of everything: what an archive has to hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from gridlink.accounts.models import User
from grids.models import ColourScheme, Grid, Link, Visibility
from reports.clicks.audit.expected import days_between
from reports.clicks.audit.rebuild import rebuild_day, rebuild_user
from reports.clicks.enrichment.agents import USER_AGENTS, UserAgentIds
from reports.models import (
    Click,
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    Producer,
    Report,
    UserDayValue,
    UserHour,
    Verdict,
    View,
)
from tasks.models import Schedule, WebhookEndpoint
from tasks.notifications.channels.webhook_secret import encrypt, new_secret
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.click_rows import BROWSER, make_agent, make_click, make_view, noon
from tests.support.reports.exports import MOMENT, link_on

BOT = "curl/8.5.0"
GONE_GRID, GONE_LINK = 777_001, 777_002
OLD = datetime(2020, 2, 3, 4, tzinfo=UTC)


def furnish(client: Client) -> Grid:
    """Grids and links, live and in the trash, with clicks and views, some of what is gone, sums whose rows
    are gone, and clicks that were refused; settings, reports, schedules and webhooks; the first grid."""
    user = user_of(client)
    describe(user)
    grid = Grid.objects.create(
        user=user, slug=f"gr_{1:032x}", title='A "grid",\\ 😀', description="Two\nlines\t", alias="first",
        visibility=Visibility.PUBLIC, theme="dusk", colour_scheme=ColourScheme.DARK, columns=8,
        version=3, layout_version=9,
        created_on=MOMENT, modified_on=MOMENT + timedelta(days=1),
    )  # fmt: skip
    Grid.objects.create(
        user=user, slug=f"gr_{2:032x}", title="In the trash", is_deleted=True, deleted_on=MOMENT
    )
    link = link_on(
        grid, 1, title="=1+1", note='N\\"\n\\N', tags=["a,b", 'q"\\', "{}"], alias="one", width=2, height=3,
        background="#1e90ff", style={"radius": 3, "font": "mono", "shadow": True},
        active_from=MOMENT, active_until=MOMENT + timedelta(days=400), version=4, x=0, y=0,
        clicks_before_import=12, clicks_before_import_from="csv",
    )  # fmt: skip
    other = link_on(grid, 2, x=2, y=0, url="mailto:a@example.org", forward_query=False)
    link_on(grid, 3, x=2, y=0, is_deleted=True, deleted_on=MOMENT)
    visit(grid, link, other)
    report = define(grid, link)
    plan(report, grid, link)
    for number, events in ((1, ["job.truncated"]), (2, ["job.cancelled", "job.truncated"])):
        WebhookEndpoint.objects.create(
            user=user, slug=f"wh_{number:032x}", url=f"https://hooks.example.org/{number}?q=%22",
            events=events, is_enabled=number == 1, secret=encrypt(new_secret()), created_on=MOMENT,
        )  # fmt: skip
    return grid


def describe(user: User) -> None:
    """Give an account a name and settings that differ from those of a new one."""
    user.display_name, user.time_zone, user.locale = "Alice & Söhne", "Europe/Athens", "de_AT"
    user.week_start, user.email_jobs = "sunday", "failed"
    user.save()


def define(grid: Grid, link: Link) -> Report:
    """Three reports, one of them of things that are gone; the first."""
    same: dict[str, Any] = {"user": grid.user, "created_on": MOMENT, "modified_on": MOMENT}
    scope = {"grids": [grid.slug, f"gr_{7:032x}"], "links": [link.slug], "tags": ['q"\\', "{}"]}
    first = Report.objects.create(
        slug=f"rp_{1:032x}", title='"Traffic",\\ 😀', kind="traffic", scope=scope,
        params={"step": "day", "compare": "year"}, range={"from": "2026-01-01", "to": "2026-03-31"},
        time_zone="Europe/Athens", week_start="sunday", include_bots=True, formats=["pdf", "csv"],
        paper="letter", version=5, **same,
    )  # fmt: skip
    empty: dict[str, Any] = {"grids": [], "links": [], "tags": []}
    for number, (kind, named) in enumerate((("summary", []), ("top", [f"gr_{8:032x}"])), 2):
        Report.objects.create(
            slug=f"rp_{number:032x}", title=kind, kind=kind, scope={**empty, "grids": named},
            range={"preset": "last_month"}, time_zone="UTC", week_start="monday", formats=["json"],
            paper="a4", **same,
        )  # fmt: skip
    return first


def plan(report: Report, grid: Grid, link: Link) -> None:
    """Three schedules: of a report and of an export, which begin next year, and one that was disabled."""
    same: dict[str, Any] = {
        "user": grid.user, "form": "cron", "rule": "30 9 * * MON", "time_zone": "Europe/Athens",
        "created_on": MOMENT, "modified_on": MOMENT,
        "starts_on": (datetime.now(UTC) + timedelta(days=365)).date(),
    }  # fmt: skip
    Schedule.objects.create(
        slug=f"sc_{1:032x}", name="=Report", action="report", params={"report": report.slug},
        deliveries=[{"channel": "email", "attach": True}, {"channel": "webhook"}], version=2,
        next_on=datetime.now(UTC) + timedelta(days=370), **same,
    )  # fmt: skip
    filters = {"grids": [grid.slug, f"gr_{7:032x}"], "links": [link.slug]}
    export = {
        "kind": "clicks", "format": "csv", "compression": "none", "time_zone": "UTC", "filters": filters,
        "delimiter": "comma", "bom": False, "range": {"preset": "yesterday"},
    }  # fmt: skip
    Schedule.objects.create(
        slug=f"sc_{2:032x}", name="Export", action="export", params=export, missed="catch_up",
        **same | {"form": "rrule", "rule": "FREQ=DAILY;BYHOUR=4;COUNT=9"},
        next_on=datetime.now(UTC) + timedelta(days=366),
    )  # fmt: skip
    Schedule.objects.create(
        slug=f"sc_{3:032x}", name="Off", action="report", params={"report": f"rp_{9:032x}"},
        is_enabled=False, note="Disabled after 5 failures in a row.", failures=5, last_slot=MOMENT,
        ends_on=same["starts_on"], **same,
    )  # fmt: skip


def settings_of(user: User) -> tuple[str, ...]:
    """What an account says of itself."""
    user.refresh_from_db()
    return user.display_name, user.time_zone, user.week_start, user.locale, user.email_jobs


def visit(grid: Grid, link: Link, other: Link) -> None:
    """Clicks and views on two days, and the sums of them and of more."""
    at = noon(2)
    same = {"user_id": grid.user_id, "grid_id": grid.pk}
    # As the ingest reads them.
    UserAgentIds().resolve([USER_AGENTS[text.encode()] for text in (BROWSER, BOT)])
    for number in range(3):
        make_click(
            at + timedelta(minutes=number), link.pk, **same, visitor=-number, country="GR",
            is_first_on_grid=True, is_first_on_link=True, utm_source='s"\\', referrer="e.org",
        )  # fmt: skip
    for _ in range(2):  # the same twice is two
        make_click(at, other.pk, **same, verdict=Verdict.DUPLICATE, flags=1)
    make_click(at + timedelta(days=1), link.pk, **same, verdict=Verdict.BOT, agent=make_agent(BOT))
    gone = {"user_id": grid.user_id, "grid_id": GONE_GRID}
    make_click(at, GONE_LINK, **gone, visitor=(1 << 63) - 1)
    make_click(at, link.pk, **gone)  # on which it was before
    make_view(at, **same, visitor=5, is_first_on_grid=True)
    make_view(at, **gone)
    sum_up()
    refuse(link)
    _add_old_sums(grid, link)


def sum_up() -> None:
    """The sums of the clicks and views there are."""
    for day in days_between(noon(3).date(), noon(0).date()):
        rebuild_day(day=day)


def refuse(link: Link) -> None:
    """One more click, refused."""
    at = noon(2)
    more = {"accepted": F("accepted") + 1, "refused": F("refused") + 1}
    grid = {"grid_id": link.grid_id}
    assert LinkHour.objects.filter(link_id=link.pk, hour=at, **grid).update(**more) == 1
    assert LinkDay.objects.filter(link_id=link.pk, day=at.date(), **grid).update(**more) == 1
    assert GridHour.objects.filter(hour=at, **grid).update(**more) == 1
    assert UserHour.objects.filter(hour=at, user_id=link.user_id).update(**more) == 1


def _add_old_sums(grid: Grid, link: Link) -> None:
    """Of a time whose rows are gone."""
    counts = {"accepted": 7, "humans": 4, "bots": 3, "visitors": 2}
    same = {"user_id": grid.user_id, "grid_id": grid.pk, **counts}
    LinkHour.objects.create(link_id=link.pk, hour=OLD, link_visitors=2, **same)
    LinkDay.objects.create(link_id=link.pk, day=OLD.date(), link_visitors=2, **same)
    GridHour.objects.create(hour=OLD, views=2, views_accepted=2, **same)
    GridDayValue.objects.create(
        grid_id=grid.pk, day=OLD.date(), dimension=1, value="GR", humans=4, bots=3, visitors=2
    )
    with transaction.atomic():
        rebuild_user(user_id=grid.user_id)


def totals() -> dict[str, int]:
    """How many rows there are of each."""
    models = (
        Grid,
        Link,
        Click,
        View,
        LinkHour,
        LinkDay,
        GridHour,
        GridDayValue,
        UserHour,
        UserDayValue,
        Report,
        Schedule,
        WebhookEndpoint,
    )
    return {model._meta.db_table: model.objects.count() for model in models}


def stand_in() -> None:
    """A producer of all events that the ledger has."""
    clicks = sum(LinkHour.objects.values_list("accepted", flat=True))
    views = sum(GridHour.objects.values_list("views_accepted", flat=True))
    Producer.objects.create(name="p1", number=1, accepted=clicks + views, seen_on=noon())
