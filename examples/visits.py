"""Simulate visitors for the demo: people who view and click a grid, and bots."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from rich.table import Table

from examples.showcase import page_address
from examples.site import Api, Check, Json, console, heading, say

VISITORS, BOTS, THREADS = 120, 12, 8
COUNTED_SECONDS = 60
BAR = 40
# Every visitor has a version of their own, so that no two are taken for one.
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{version}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/{version}.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{version}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/{version}.4 Safari/605.1.15",
)
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "curl/8.5.0",
)
REFERRERS = (
    "https://news.example.com/today",
    "https://www.example.org/",
    "https://m.example.net/",
    "",
)
LANGUAGES = ("en-GB,en;q=0.9", "de-AT,de;q=0.8,en;q=0.5", "el-GR,el;q=0.9", "pt-BR,pt;q=0.9")
CAMPAIGN = "?utm_source=newsletter&utm_medium=email&utm_campaign=demo"


class Visit(NamedTuple):
    """Define a request to the public tier and its expected target; a view has none."""

    method: str
    address: str
    leads_to: str
    headers: dict[str, str]


class Plan(NamedTuple):
    """Hold visitors, each a list of consecutive visits, and the expected counts."""

    people: list[list[Visit]]
    clicks: int
    views: int
    bots: int
    doubles: int


def plan(grid: Json, links: list[Json]) -> Plan:
    """Return the same visitors for the same links; the first tiles get most clicks."""
    chance = random.Random(len(links))
    weights = [1 / (rank + 1) for rank in range(len(links))]
    view = page_address(grid, links)
    people, doubles = [], 0
    for number in range(VISITORS):
        headers = _person(chance, number)
        wanted = chance.choices(links, weights, k=chance.randint(1, 4))
        chosen = list({link["slug"]: link for link in wanted}.values())
        visits = [Visit("GET", view, "", headers)]
        visits += [_click(link, headers, CAMPAIGN if number % 10 == 0 else "") for link in chosen]
        if number % 8 == 0:
            visits.append(visits[-1])
            doubles += 1
        people.append(visits)
    for number in range(BOTS):
        headers = {"User-Agent": ROBOTS[number % len(ROBOTS)]}
        people.append([_click(chance.choice(links), headers, "")])
    clicks = sum(bool(visit.leads_to) for visits in people for visit in visits)
    return Plan(people, clicks, VISITORS, BOTS, doubles)


def _person(chance: random.Random, number: int) -> dict[str, str]:
    headers = {
        "User-Agent": chance.choice(BROWSERS).format(version=60 + number),
        "Accept-Language": chance.choice(LANGUAGES),
    }
    referrer = chance.choice(REFERRERS)
    return headers | {"Referer": referrer} if referrer else headers


def _click(link: Json, headers: dict[str, str], query: str) -> Visit:
    return Visit("GET", link["short_url"] + query, link["url"], headers)


def visit(api: Api, planned: Plan) -> int:
    """Send everybody, several at a time; how many were not answered as they should be."""
    with ThreadPoolExecutor(THREADS) as threads:
        return sum(
            threads.map(lambda visits: sum(not _goes_well(api, v) for v in visits), planned.people)
        )


def _goes_well(api: Api, visit: Visit) -> bool:
    answer = api.fetch(visit.address, visit.method, headers=visit.headers, redirect=False)
    if not visit.leads_to:
        return answer.status == 200
    return answer.status == 302 and bool(answer.headers.get("Location"))


def await_counted(api: Api, grid: Json, planned: Plan) -> Json:
    """Return the ledger's totals once it holds all clicks, or at the time limit."""
    deadline = time.monotonic() + COUNTED_SECONDS
    while True:
        ledger = api.call(f"grids/{grid['slug']}/ledger/")
        if ledger["totals"]["accepted"] >= planned.clicks or time.monotonic() > deadline:
            return ledger
        time.sleep(0.5)


def click_checks(planned: Plan, wrong: int, ledger: Json, analytics: Json) -> Iterator[Check]:
    """Everybody was sent on, and every click is counted as what it was."""
    totals = ledger["totals"]
    yield (
        wrong == 0,
        f"{planned.clicks} clicks and {planned.views} views sent, {wrong} answered wrongly",
    )
    yield (
        totals["accepted"] == planned.clicks,
        f"ledger: {totals['accepted']} clicks accepted; sent: {planned.clicks}",
    )
    yield totals["bots"] == planned.bots, f"ledger: {totals['bots']} by bots; sent: {planned.bots}"
    doubles = totals["duplicates"]
    yield doubles == planned.doubles, f"ledger: {doubles} duplicates; sent: {planned.doubles}"
    people = planned.clicks - planned.bots - planned.doubles
    yield totals["humans"] == people, f"ledger: {totals['humans']} by people; sent: {people}"
    shown = analytics["totals"]["clicks"], sum(row["clicks"] for row in analytics["results"])
    yield shown == (people, people), f"analytics: {shown[0]} clicks, by browser {shown[1]}"


def show_clicks(ledger: Json, analytics: Json) -> None:
    """Print the ledger's totals, and a bar for each browser."""
    names = ("accepted", "humans", "duplicates", "bots", "refused")
    say("  ".join(f"{name} {ledger['totals'][name]}" for name in names))
    most = max((row["clicks"] for row in analytics["results"]), default=1) or 1
    table = Table(box=None, padding=(0, 0, 0, 2), show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column()
    for row in analytics["results"]:
        if row["clicks"]:
            bar = "█" * max(1, round(BAR * row["clicks"] / most))
            table.add_row(row["label"], str(row["clicks"]), bar)
    console.print(table)


def clicks(api: Api, grid: Json, links: list[Json]) -> tuple[int, Iterator[Check]]:
    """Simulate visitors of a public grid, print the counts; return clicks and checks."""
    heading(f"Clicks on “{grid['title']}”")
    planned = plan(grid, links)
    wrong = visit(api, planned)
    ledger = await_counted(api, grid, planned)
    analytics = api.call(f"grids/{grid['slug']}/analytics/?group_by=browser")
    show_clicks(ledger, analytics)
    return ledger["totals"]["humans"], click_checks(planned, wrong, ledger, analytics)
