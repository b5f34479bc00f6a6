"""Generate clicks around changes of clocks, and count them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from reports.models import Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited

COUNTS = ("clicks", "humans", "bots", "duplicates", "visitors")
# Zones, each with a moment in UTC at which its clocks change, if they do.
SHIFTS = [
    ("America/New_York", "2025-11-02T06:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/St_Johns", "2025-11-02T04:30"),
    ("America/St_Johns", "2026-03-08T05:30"),
    ("Europe/Athens", "2025-10-26T01:00"),
    ("Europe/Athens", "2026-03-29T01:00"),
    ("Australia/Lord_Howe", "2025-10-04T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("Africa/Cairo", "2026-04-23T22:00"),
    # They show midnight twice.
    ("Atlantic/Azores", "2025-10-26T01:00"),
    ("America/Havana", "2025-11-02T05:00"),
    ("Asia/Kolkata", "2026-01-31T18:30"),
    ("Asia/Kathmandu", "2025-12-31T18:15"),
    ("Pacific/Chatham", "2026-04-04T14:00"),
    ("UTC", "2026-01-01T00:00"),
]
_MINUTES = 4 * 24 * 60
_VALUES = st.sampled_from(["", "a", "b", "ç"])


class Case(NamedTuple):
    """What is asked, and what there is to be counted."""

    zone: ZoneInfo
    start: datetime
    until: datetime
    clicks: list[Visited]
    views: list[Visited]

    @property
    def query(self) -> str:
        """The range as parameters."""
        moments = (moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (self.start, self.until))
        return "from={}&to={}&tz=".format(*moments) + self.zone.key

    @property
    def asked(self) -> list[Visited]:
        """The clicks in the range."""
        return [click for click in self.clicks if self.start <= click.at < self.until]

    @property
    def seen(self) -> list[Visited]:
        """The human views in the range."""
        views = [view for view in self.views if view.verdict == Verdict.HUMAN]
        return [view for view in views if self.start <= view.at < self.until]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Ranges of up to eight days around a change of clocks."""
    zone, moment = draw(st.sampled_from(SHIFTS))
    middle = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    moments = st.builds(
        lambda quarters, late: middle + quarters * timedelta(minutes=15) + late,
        st.integers(-_MINUTES // 15, _MINUTES // 15),
        st.sampled_from([timedelta(microseconds=n) for n in (-1, 0, 1)]),
    )
    start, until = sorted(draw(st.lists(moments, min_size=2, max_size=2, unique=True)))
    visits = st.lists(_visits(moments), max_size=40)
    return Case(ZoneInfo(zone), start, until, draw(visits), draw(visits))


def _visits(moments: st.SearchStrategy[datetime]) -> st.SearchStrategy[Visited]:
    values = dict.fromkeys(("browser", "country", "referrer", "utm_campaign"), _VALUES)
    humans = st.builds(
        Visited,
        at=moments,
        link=st.integers(0, 2),
        is_first_on_grid=st.booleans(),
        is_first_on_link=st.booleans(),
        tile=st.sampled_from(["0,0,1,1", "2,0,3,1", "0,5,1,2"]),
        **values,
    )
    others = st.builds(
        Visited,
        at=moments,
        link=st.integers(0, 2),
        verdict=st.sampled_from([Verdict.BOT, Verdict.DUPLICATE]),
        **values,
    )
    return humans | others


def counted(
    clicks: Iterable[Visited], *, is_first: str = "is_first_on_grid", bots: bool = False
) -> dict[str, int]:
    """COUNTS of clicks, one by one."""
    sums = dict.fromkeys(COUNTS, 0)
    names = {Verdict.HUMAN: "humans", Verdict.BOT: "bots", Verdict.DUPLICATE: "duplicates"}
    for click in clicks:
        sums[names[Verdict(click.verdict)]] += 1
        sums["visitors"] += getattr(click, is_first)
    sums["clicks"] = sums["humans"] + (sums["bots"] if bots else 0)
    return sums


def by(
    key: Callable[[Visited], Any], clicks: Iterable[Visited], **kwargs: Any
) -> dict[Any, dict[str, int]]:
    """COUNTS of clicks by any key."""
    groups: dict[Any, list[Visited]] = {}
    for click in clicks:
        groups.setdefault(key(click), []).append(click)
    return {name: counted(group, **kwargs) for name, group in groups.items()}


def counts(row: dict[str, Any]) -> dict[str, int]:
    """COUNTS as an answer has them."""
    return {name: row[name] for name in COUNTS}


def asked(client: Client, path: str, *more: str) -> dict[str, Any]:
    """The answer of analytics, once its results have been added up: COUNTS, what was refused, and `more`."""
    response = client.get(path)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    names = (*COUNTS, "refused", *more)
    sums = {name: sum(row[name] for row in answer["results"]) for name in names}
    assert {name: answer["totals"][name] for name in names} == sums
    return answer


def local_key(moment: datetime, zone: ZoneInfo, group_by: str, week_start: str = "monday") -> str:
    """What the clock and the calendar of a place call the hour, day, week or month."""
    local = moment.astimezone(zone)
    since = (local.weekday() + (week_start == "sunday")) % 7
    return {
        "hour": f"{local:%Y-%m-%dT%H}:00:00" + local.isoformat(timespec="seconds")[19:],
        "day": local.date().isoformat(),
        "week": (local.date() - timedelta(days=since)).isoformat(),
        "month": f"{local:%Y-%m}",
    }[group_by]
