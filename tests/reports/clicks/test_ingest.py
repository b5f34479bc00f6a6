"""The ingest stores exact rows and sums, and sets unreadable events aside."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import msgpack
import pytest
from django.db import DataError, connection

from grids.public.wire import Flag, Kind, Target
from reports import tasks
from reports.clicks.ingest import ingest, stream
from reports.clicks.ingest.batches import Batch, IngestCounts
from reports.clicks.ingest.ingest import DrainResult, drain
from reports.clicks.ingest.stream import Stream
from reports.clicks.storage.ingest_lock import try_ingest_lock
from reports.models import Click, LinkDay, LinkHour, Producer, SetAside, UserAgent, Verdict
from tests.support.platform import in_threads
from tests.support.reports.stream import (
    CHROME,
    FIREFOX,
    GOOGLEBOT,
    GRID,
    LINK,
    NOON,
    OTHER_LINK,
    TILE,
    USER,
    Redirect,
    click,
    forget,
    rows,
    tables,
    view,
)

pytestmark = pytest.mark.django_db(transaction=True)
NOON_SECONDS = int(NOON.timestamp())


@pytest.fixture
def redirect(redis: Any) -> Redirect:
    return Redirect(redis)


def count() -> IngestCounts:
    return drain(seconds=60).counts


def ledger() -> list[tuple[Any, ...]]:
    columns = "link_id, accepted, humans, duplicates, bots, refused, visitors, link_visitors"
    hours, days = rows("reports_link_hour", columns), rows("reports_link_day", columns)
    assert hours == days
    return hours


def test_rows_hold_the_values_of_events(redirect: Redirect) -> None:
    redirect.send(click(), view(1))
    assert count() == IngestCounts(events=2)
    assert redirect.left() == 0
    row = Click.objects.get()
    agent = UserAgent.objects.get(pk=row.user_agent_id)
    assert (row.clicked_on, row.user_id, row.grid_id, row.link_id) == (NOON, USER, GRID, LINK)
    assert (row.verdict, row.bot_reason, row.flags, row.tile) == (Verdict.HUMAN, "", 0, TILE)
    assert (row.is_first_on_grid, row.is_first_on_link) == (True, True)
    assert (row.referrer, row.language, row.utm_source) == ("example.com", "de", "letter")
    assert (row.utm_medium, row.country) == ("", "")
    assert row.visitor is not None
    assert (agent.text, agent.browser, agent.device) == (CHROME.decode(), "Chrome", "desktop")
    assert rows("reports_view", "grid_id, visitor, is_first_on_grid") == [(GRID, row.visitor, True)]
    assert rows(
        "reports_grid_hour", "hour, humans, visitors, views, views_accepted, views_visitors"
    ) == [(NOON, 1, 1, 1, 1, 1)]
    assert rows("reports_grid_day_value", "dimension, value, humans, visitors") == sorted(
        [
            (1, "", 1, 1), (2, "desktop", 1, 1), (3, "Chrome", 1, 1), (4, "Windows", 1, 1),
            (5, "example.com", 1, 1), (6, "de", 1, 1), (7, "letter", 1, 1), (8, "", 1, 1),
            (9, "", 1, 1), (10, "", 1, 1), (11, "", 1, 1), (12, TILE, 1, 1),
        ],
        key=repr,
    )  # fmt: skip


def test_verdicts_and_first_visits(redirect: Redirect) -> None:
    redirect.send(
        click(0),
        click(9.999),
        click(10),
        click(12, OTHER_LINK),
        click(13, user_agent=FIREFOX),
        click(14, user_agent=GOOGLEBOT),
        click(15, flags=int(Flag.PREFETCH)),
        click(16, flags=int(Flag.DO_NOT_TRACK), address=""),
        click(16, flags=int(Flag.DO_NOT_TRACK), address=""),
        click(1),
    )
    assert count().events == 10
    found = Click.objects.order_by("id").values_list(
        "verdict", "is_first_on_grid", "is_first_on_link"
    )
    human, bot, duplicate = Verdict.HUMAN, Verdict.BOT, Verdict.DUPLICATE
    assert list(found) == [
        (human, True, True),
        (duplicate, False, False),
        (human, False, False),
        (human, False, True),
        (human, True, True),
        (bot, False, False),
        (bot, False, False),
        (human, False, False),
        (human, False, False),
        (duplicate, False, False),
    ]
    assert ledger() == [(LINK, 9, 5, 2, 2, 0, 2, 2), (OTHER_LINK, 1, 1, 0, 0, 0, 0, 1)]


def test_a_batch_knows_the_visitors_of_the_one_before(
    redirect: Redirect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First visits and duplicates are the same, however the clicks come in: also while the batch before is
    still being stored."""
    events = [
        click(0),
        view(0),
        view(5),
        click(5),
        click(10),
        click(15),
        view(20),
        click(21, OTHER_LINK),
    ]
    redirect.send(*events)
    count()
    at_once = tables()
    at_once.pop("reports_producer")
    forget()
    redirect.number = redirect.accepted = 0
    for event in events:
        redirect.send(event)
        assert count().events == 1
    assert tables() | at_once == tables()
    forget()
    redirect.number = redirect.accepted = 0
    for event in events:
        redirect.send(event)
    monkeypatch.setattr(stream, "_PAGE", 1)
    assert drain(seconds=60, events=1).counts == IngestCounts(events=len(events))
    assert tables() | at_once == tables()


def test_many_rows_in_one_batch(redirect: Redirect) -> None:
    """More than one piece of COPY holds."""
    for first in range(0, 45_000, 5_000):
        redirect.send(
            *(
                click(n / 1000, address=f"10.0.{n >> 8}.{n & 255}")
                for n in range(first, first + 5_000)
            )
        )
    assert count() == IngestCounts(events=45_000)
    assert ledger() == [(LINK, 45_000, 45_000, 0, 0, 0, 45_000, 45_000)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT (clicked_on, visitor)) FROM reports_click")
        assert cursor.fetchone() == (45_000, 45_000)
        cursor.execute("SELECT count(*) FROM reports_seen_visitor")
        assert cursor.fetchone() == (45_000,)


def test_events_a_producer_could_not_keep_are_refused(redirect: Redirect) -> None:
    unkept = {(USER, GRID, LINK, NOON_SECONDS): 3, (USER, GRID, 0, NOON_SECONDS): 2}
    redirect.put(redirect.group(click(), unkept=unkept))
    assert count() == IngestCounts(events=1)
    assert ledger() == [(LINK, 4, 1, 0, 0, 3, 1, 1)]
    assert rows("reports_grid_hour", "accepted, refused, views_accepted, views_refused, views") == [
        (4, 3, 2, 2, 0)
    ]


def test_replayed_groups_count_once(redirect: Redirect) -> None:
    groups = [redirect.group(click(0)), redirect.group(click(100)), redirect.group(click(200))]
    for group in groups[:2]:
        redirect.put(group)
    assert count() == IngestCounts(events=2)
    for group in groups:
        redirect.put(group)
    assert count() == IngestCounts(events=1, replays=2)
    assert ledger() == [(LINK, 3, 3, 0, 0, 0, 1, 1)]
    assert rows("reports_producer", "name, number, accepted, missing") == [("p1", 3, 3, 0)]


def test_missing_events_are_counted(redirect: Redirect, caplog: pytest.LogCaptureFixture) -> None:
    redirect.group(click(), click())
    redirect.send(click(0))
    redirect.group(click(1), unkept={(USER, GRID, LINK, NOON_SECONDS): 4})
    redirect.group(click(2))
    redirect.send(click(100))
    with caplog.at_level(logging.WARNING):
        assert count() == IngestCounts(events=2, missing=8)
    told: list[Any] = [r for r in caplog.records if r.msg == "clicks_missing"]
    assert [(r.producer, r.events, r.groups) for r in told] == [("p1", 2, 1), ("p1", 6, 2)]
    assert rows("reports_producer", "number, accepted, missing") == [(5, 10, 8)]


def test_what_is_missing_is_counted_once_however_many_batches_follow(
    redirect: Redirect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_PAGE", 1)
    redirect.group(click(), click())
    for second in (0, 100, 200):
        redirect.send(click(second))
    counts = drain(seconds=60, events=1).counts
    assert counts == IngestCounts(events=3, missing=2)


def test_events_of_a_bad_clock_count_as_of_now(
    redirect: Redirect, caplog: pytest.LogCaptureFixture
) -> None:
    day = 86_400
    redirect.send(click(2 * day), click(-40 * 366 * day), click(at=0))
    before = datetime.now(UTC) - timedelta(seconds=60)
    with caplog.at_level(logging.WARNING):
        assert count().events == 3
    told: list[Any] = [r for r in caplog.records if r.msg == "clicks_bad_clock"]
    assert [record.events for record in told] == [3]
    moments = Click.objects.values_list("clicked_on", flat=True)
    assert all(before < moment < before + timedelta(seconds=120) for moment in moments)


def test_nothing_is_said_of_clocks_that_are_right(
    redirect: Redirect, caplog: pytest.LogCaptureFixture
) -> None:
    redirect.send(click(0), click(1))
    with caplog.at_level(logging.WARNING):
        assert count().events == 2
    assert caplog.records == []


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "noon"},
        {"at": 1.5},
        {"user_agent": "text"},
        {"address": 5},
        {"referrer": [1]},
        {"query": {"a": 1}},
        {"flags": 1 << 20},
        {"flags": -1},
        {"flags": None},
        {"language": "de"},
    ],
)
def test_a_poisonous_event_is_set_aside_and_the_rest_goes_on(
    redirect: Redirect, changes: dict[str, Any]
) -> None:
    poison = click(0)._replace(**changes)
    redirect.send(click(0), poison, click(60))
    assert count() == IngestCounts(events=2, set_aside=1)
    aside = SetAside.objects.get()
    assert (aside.producer, aside.number, aside.events) == ("p1", 1, 1)
    assert bytes(aside.payload) == msgpack.packb(poison)
    refused = 0 if "at" in changes else 1
    assert ledger() == [(LINK, 2 + refused, 2, 0, 0, refused, 1, 1)]
    assert Producer.objects.get().missing == 0


@pytest.mark.parametrize(
    "target",
    [
        Target(Kind.CLICK, USER, GRID),
        Target(Kind.VIEW, USER, GRID, LINK),
        Target(Kind.CLICK, USER, GRID, -1),
        Target(Kind.CLICK, USER, 1 << 63, LINK),
        Target(Kind.CLICK, USER, GRID, LINK, 5),  # type: ignore[arg-type]
        Target("x", USER, GRID, LINK),  # type: ignore[arg-type]
    ],
)
def test_a_poisonous_target_is_set_aside(redirect: Redirect, target: Target) -> None:
    redirect.send(click(0), click(1, target=target))
    assert count() == IngestCounts(events=1, set_aside=1)
    assert ledger() == [(LINK, 1, 1, 0, 0, 0, 1, 1)]


def test_a_poisonous_entry_is_set_aside_and_the_rest_goes_on(redirect: Redirect) -> None:
    redirect.send(click(0))
    unkept = {(USER, GRID, LINK, NOON_SECONDS): 2}
    redirect.put({**redirect.group(click(1), click(2), unkept=unkept), b"d": b"\xc1"})
    redirect.send(click(60))
    assert count() == IngestCounts(events=2, set_aside=2)
    aside = SetAside.objects.get()
    assert (aside.producer, aside.number, aside.events, bytes(aside.payload)) == (
        "p1",
        2,
        2,
        b"\xc1",
    )
    assert ledger() == [(LINK, 4, 2, 0, 0, 2, 1, 1)]
    assert rows("reports_producer", "number, accepted, missing") == [(3, 6, 0)]


@pytest.mark.parametrize(
    "fields",
    [
        {b"x": b"y"},
        {b"p": b"p1", b"n": b"9" * 5000, b"a": b"1", b"c": b"1", b"d": b"\x90"},
        {b"p": b"\xff", b"n": b"1", b"a": b"1", b"c": b"0", b"d": b"\x90"},
        {b"p": b"p" * 33, b"n": b"1", b"a": b"1", b"c": b"0", b"d": b"\x90"},
        {b"p": b"p1", b"n": b"0", b"a": b"0", b"c": b"0", b"d": b"\x90"},
    ],
)
def test_an_entry_without_producer_is_set_aside_once(
    redirect: Redirect, fields: dict[bytes, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    redirect.put(fields)
    with monkeypatch.context() as patch:
        patch.setattr(Stream, "delete", lambda *_: None)
        count()
    redirect.send(click())
    assert count().events == 1
    assert redirect.left() == 0
    aside = SetAside.objects.get()
    assert (aside.producer, aside.number) == ("", None)


def test_a_group_that_the_database_refuses_goes_alone(
    redirect: Redirect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever slips through all checks costs its own group only."""

    def refuse(batch: Batch) -> None:
        if batch.counts.events and any(entry.fields[b"c"] == b"2" for entry in batch.entries):
            raise DataError("no")
        real(batch)

    real = ingest.store
    monkeypatch.setattr(ingest, "store", refuse)
    redirect.send(click(0))
    poison = redirect.group(click(20), click(40))
    redirect.put(poison)
    redirect.send(click(60))
    assert count() == IngestCounts(events=2, set_aside=2)
    aside = SetAside.objects.get()
    assert (aside.number, aside.events, bytes(aside.payload)) == (2, 2, poison[b"d"])
    assert ledger() == [(LINK, 4, 2, 0, 0, 2, 1, 1)]


def test_hostile_texts_are_stored_as_far_as_they_can_be(redirect: Redirect) -> None:
    redirect.send(
        click(
            0,
            user_agent=b"\0\xff" * 512,
            referrer=b"https://\0/\xff",
            query=b"utm_source=%00%ff\\N",
        ),
        click(1, user_agent=b"", referrer=b"\\.", language=b"\xff\t\n"),
    )
    assert count().events == 2
    assert sorted(UserAgent.objects.values_list("text", flat=True)) == ["", "\ufffd" * 512]


def test_user_agents_are_stored_once(redirect: Redirect) -> None:
    redirect.send(click(0), click(20), click(40, user_agent=FIREFOX))
    count()
    redirect.send(click(60), click(80, user_agent=GOOGLEBOT))
    count()
    agents = UserAgent.objects.in_bulk()
    assert sorted(agent.browser for agent in agents.values()) == ["Chrome", "Firefox", "Googlebot"]
    clicks = Click.objects.order_by("clicked_on").values_list("user_agent_id", flat=True)
    texts = [agents[key].text.encode() for key in clicks]
    assert texts == [CHROME, CHROME, FIREFOX, CHROME, GOOGLEBOT]


def test_many_batches_in_one_run(redirect: Redirect) -> None:
    for index in range(45):
        redirect.send(click(20 * index))
    assert drain(seconds=60, events=1) == DrainResult(counts=IngestCounts(events=45))
    assert ledger() == [(LINK, 45, 45, 0, 0, 0, 1, 1)]
    assert redirect.left() == 0


def test_a_run_ends_when_its_time_is_up(redirect: Redirect) -> None:
    for index in range(25):
        redirect.send(click(20 * index))
    assert drain(seconds=0, events=1).counts.events == 10
    assert redirect.left() == 15


def test_of_two_runs_one_does_nothing(redirect: Redirect) -> None:
    redirect.send(click())
    with try_ingest_lock() as is_taken:
        assert is_taken
        assert in_threads(1, lambda: drain(seconds=60)) == [DrainResult(is_busy=True)]
    assert redirect.left() == 1
    done = in_threads(4, lambda: drain(seconds=60))
    assert sum(each.counts.events for each in done) == 1
    assert ledger() == [(LINK, 1, 1, 0, 0, 0, 1, 1)]


def test_tasks_drain_and_sweep(redirect: Redirect, monkeypatch: pytest.MonkeyPatch) -> None:
    redirect.send(click())
    tasks.ingest_clicks(unknown="ignored")
    assert ledger() == [(LINK, 1, 1, 0, 0, 0, 1, 1)]
    assert tasks.sweep_clicks() == "swept"
    assert tasks.sweep_clicks() == "another run has this slot"
    assert LinkHour.objects.get().hour == NOON
    assert LinkDay.objects.get().day == NOON.date()
