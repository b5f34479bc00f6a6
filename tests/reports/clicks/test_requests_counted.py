"""Requests as they come through a proxy are counted as the people who made them."""

from __future__ import annotations

from typing import Any

import pytest

from grids.public.events import EventFactory
from grids.public.wire import Event
from reports.clicks.ingest.ingest import drain
from reports.models import Click, Verdict
from tests.support.reports.stream import FIREFOX, NOON, Redirect, click, rows

pytestmark = pytest.mark.django_db(transaction=True)
TARGET = click().target


def requested(forwarded: str = "203.0.113.9", agent: bytes = FIREFOX, query: bytes = b"") -> Event:
    """The event of a request that came through one trusted proxy."""
    scope: dict[str, Any] = {
        "headers": [(b"user-agent", agent), (b"x-forwarded-for", forwarded.encode())],
        "method": "GET",
        "query_string": query,
        "client": ("10.0.0.1", 1),
    }
    return EventFactory(1, True).event(TARGET, NOON.timestamp(), scope)


def counted(redis: Any, *events: Event) -> tuple[int, ...]:
    """Humans, duplicates, bots and visitors of the link."""
    Redirect(redis).send(*events)
    drain(seconds=60)
    ((*numbers,),) = rows("reports_link_day", "humans, duplicates, bots, visitors")
    return tuple(numbers)


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([f"203.0.113.6{n}:5100{n}" for n in range(1, 4)], (3, 0, 0, 3)),
        (["[2001:db8::61]:51001", "[2001:db8::62]:51002"], (2, 0, 0, 2)),
        (["203.0.113.77", "::ffff:203.0.113.77"], (1, 1, 0, 1)),
        (["203.0.113.77:1", "203.0.113.77:2", "[::FFFF:CB00:714D]:3"], (1, 2, 0, 1)),
        (["2001:DB8:0:0::61", "[2001:db8::61]:9"], (1, 1, 0, 1)),
        # Whoever shares a network of IPv6 is another visitor all the same.
        (["2001:db8:1:2::1", "2001:db8:1:2::2"], (2, 0, 0, 2)),
    ],
)
def test_a_visitor_is_an_address_however_it_is_written(
    redis: Any, addresses: list[str], expected: tuple[int, ...]
) -> None:
    assert counted(redis, *map(requested, addresses)) == expected


@pytest.mark.parametrize(
    "agent",
    [
        b"Trello-URL-Preview",
        b"Valve/Steam HTTP Client 1.0 (SteamChatURLLookup)",
        b"Yahoo:LinkExpander:Slingstone",
        b"Google-Safety",
    ],
)
def test_previewers_and_scanners_are_bots(redis: Any, agent: bytes) -> None:
    assert counted(redis, requested(agent=agent)) == (0, 0, 1, 0)
    assert Click.objects.get().verdict == Verdict.BOT


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        (
            b"utm_source=news&amp;utm_medium=email&amp;utm_campaign=Spring",
            ("news", "email", "Spring"),
        ),
        (b"UTM_SOURCE=News&UTM_MEDIUM=Email", ("news", "email", "")),
    ],
)
def test_campaigns_are_read_as_they_are_meant(
    redis: Any, query: bytes, campaign: tuple[str, ...]
) -> None:
    assert counted(redis, requested(query=query)) == (1, 0, 0, 1)
    row = Click.objects.get()
    assert (row.utm_source, row.utm_medium, row.utm_campaign) == campaign
