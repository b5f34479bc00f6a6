"""Insert raw clicks and views as the ingest leaves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import F

from grids.public.wire import Kind
from reports.models import Click, UserAgent, Verdict, View

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_TEXTS = (
    "country", "referrer", "language",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {
    "user_id": 1,
    "grid_id": 1,
    "visitor": None,
    "is_first_on_grid": False,
    "verdict": Verdict.HUMAN,
    "bot_reason": "",
    "bot_rules": 1,
    "flags": 0,
    **dict.fromkeys(_TEXTS, ""),
}


def noon(days_ago: int = 1) -> datetime:
    """The middle of a UTC day that is over."""
    now = datetime.now(UTC) - timedelta(days=days_ago)
    return now.replace(hour=12, minute=0, second=0, microsecond=0)


def make_partitions(moment: datetime) -> None:
    """The partitions of the moment's month."""
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=31)).replace(day=1)
    with connection.cursor() as cursor:
        for table in ("reports_click", "reports_view"):
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {table}_{start:%Y_%m} PARTITION OF {table}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )


def make_agent(text: str = BROWSER, *, bot_reason: str = "", bot_rules: int = 1) -> UserAgent:
    """The header's row, made when there is none."""
    agent, _ = UserAgent.objects.get_or_create(
        digest=sha256(text.encode()).digest(),
        defaults={
            "text": text,
            "browser": "Firefox",
            "os": "Linux",
            "device": "desktop",
            "bot_reason": bot_reason,
            "bot_rules": bot_rules,
        },
    )
    return agent


def make_click(at: datetime, link: int = 1, **fields: Any) -> Click:
    """A click on grid 1, a human's who is not recognised."""
    make_partitions(at)
    agent = fields.pop("agent", None) or make_agent()
    row = {"tile": "0,0,1,1", "is_first_on_link": False, **_DEFAULTS, **fields}
    return Click.objects.create(clicked_on=at, link_id=link, user_agent=agent, **row)


def make_view(at: datetime, **fields: Any) -> View:
    """A view of grid 1, a human's who is not recognised."""
    make_partitions(at)
    agent = fields.pop("agent", None) or make_agent()
    return View.objects.create(viewed_on=at, user_agent=agent, **{**_DEFAULTS, **fields})


def add_to(model: Any, key: dict[str, Any], **counts: int) -> None:
    """Falsify a row of a roll-up."""
    rows = model.objects.filter(**key)
    assert rows.update(**{name: F(name) + count for name, count in counts.items()}) == 1


def group_fields(producer: str, number: int, accepted: int, events: int) -> dict[Any, Any]:
    """An entry of the stream with so many views of grid 1."""
    from grids.public.wire import Event, Group, Target, encode

    at = int(noon().timestamp() * 1000)
    visit = Event(Target(Kind.VIEW, 1, 1), at, "", BROWSER.encode(), b"", b"", b"", 0)
    return encode(Group(producer, number, accepted, [visit] * events, {}))
