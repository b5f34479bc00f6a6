"""Measure whether the API stays as fast with a hundred times the data. `make bench-api`.

Two databases, of 10,000 and of 1,000,000 links (100 and 10,000 users, each with 10 grids of 10 links), are
loaded first; then one web process on each is requested in turns, so that whatever else the machine does
affects both alike. Requests go over HTTP, one at a time, each for a user drawn at random. The large database
also has one user with 100,000 links more, whose figures are in a table of their own. Last, 1,000 links are
created and changed in one call each.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.load import COMMON, RARE, Size, load, token_of, username_of
from bench.report import conclude, in_ms, percentile, say, show
from bench.servers import Site, database, stop_gently, switch, web

SMALL, LARGE = Size(users=100), Size(users=10_000, heavy=100_000)
RATIO, P95, PROFILE_QUERIES = 1.20, 0.030, 3
BULK_LINKS, BULK_SECONDS = 1000, 0.5
_BULK_TURNS = 5
_WARM_UP, _REQUESTS = 50, 600
# At most so many seconds go into one figure, with fewer requests if need be.
_SECONDS_MAX = 20
_DEEP_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Instance:
    """Represent a loaded database with its web process."""

    database: str
    size: Size
    site: Site


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """Represent a path below /api/v1/ that is requested for `user`, 0 for any.

    `{name}` in the path is the user's name.
    """

    instance: Instance
    path: str
    user: int = 0

    def draw(self, chance: random.Random) -> tuple[str, str]:
        """Return a path and a token for a request."""
        user = self.user or chance.randint(1, self.instance.size.users)
        return f"/api/v1/{self.path.format(name=username_of(user))}", token_of(user)


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold the seconds of every response before and after growth, and their queries."""

    name: str
    before: list[float]
    after: list[float]
    queries: tuple[int, int]
    has_target: bool = False

    @property
    def ratio(self) -> float:
        """Return how many times longer the slow responses take after."""
        return percentile(self.after, 0.95) / percentile(self.before, 0.95)

    @property
    def holds(self) -> bool:
        """Tell whether the target of the profile is met."""
        p95 = percentile(self.after, 0.95)
        return self.ratio <= RATIO and p95 < P95 and set(self.queries) == {PROFILE_QUERIES}


def main() -> int:
    """Load, measure, report; return the exit code."""
    stop_gently()
    with database("small") as small, database("large") as large:
        for name, size in ((small, SMALL), (large, LARGE)):
            switch(name)
            _load(size)
        with web(small) as small_site, web(large) as large_site:
            before, after = Instance(small, SMALL, small_site), Instance(large, LARGE, large_site)
            growth = _growth(before, after)
            _show("From 10,000 to 1,000,000 links of 100 each user", "10 k", "1 M", growth)
            heavy = _heavy(after)
            _show("Among 1,000,000 links, a user of 100,000", "100", "100 k", heavy)
            bulk = _bulk(after)
            _show_bulk(bulk)
    return _conclude(growth[0], bulk)


def _conclude(profile: Figure, bulk: dict[str, list[float]]) -> int:
    seconds = {name: round(median(taken), 3) for name, taken in bulk.items()}
    return conclude(
        "api",
        p95_ms=round(percentile(profile.after, 0.95) * 1000, 1),
        ratio=round(profile.ratio, 2),
        bulk_seconds=seconds,
        target={"p95_ms": P95 * 1000, "ratio": RATIO, "bulk_seconds": BULK_SECONDS},
        holds=profile.holds and max(seconds.values()) <= BULK_SECONDS,
    )


def _load(size: Size) -> None:
    say(f"Loading {size.users * size.steps + size.heavy:,} links")
    start = perf_counter()
    load(size)
    say(f"  took {perf_counter() - start:.0f} s")


def _growth(small: Instance, large: Instance) -> list[Figure]:
    paths = {
        "users/{username}/": "users/{name}/",
        "grids/": "grids/",
        "links/": "links/",
        "links/?q= common word": f"links/?q={COMMON}",
        "links/?q= rare word": f"links/?q={RARE}",
    }
    return [
        _measure(name, ApiRequest(small, path), ApiRequest(large, path), has_target=not index)
        for index, (name, path) in enumerate(paths.items())
    ]


def _heavy(large: Instance) -> list[Figure]:
    user = large.size.heavy_user
    pages = {
        "users/{username}/": "users/{name}/",
        "links/": "links/",
        "links/?q= common word": f"links/?q={COMMON}",
        "links/?q= rare word": f"links/?q={RARE}",
    }
    figures = [
        _measure(name, ApiRequest(large, path), ApiRequest(large, path, user))
        for name, path in pages.items()
    ]
    first, deep = ApiRequest(large, "links/", user), ApiRequest(large, _deep_path(large), user)
    figures.append(_measure("links/, page 1,000 against page 1", first, deep))
    return figures


def _bulk(instance: Instance) -> dict[str, list[float]]:
    """Return the seconds of calls that create, and then change, BULK_LINKS links of one user."""
    user = instance.size.users
    token = token_of(user)
    seconds: dict[str, list[float]] = {"create": [], "update": []}
    for turn in range(_BULK_TURNS):
        _, grid = instance.site.ask("/api/v1/grids/", token=token, body={"title": f"Bulk {turn}"})
        links = [_new_link(grid["slug"], number) for number in range(BULK_LINKS)]
        changes = {"title": "Changed {}", "note": "Note {}", "url": "https://example.net/{}"}
        taken, made = _bulk_call(instance, token, create=links)
        seconds["create"].append(taken)
        updates = [
            {"slug": row["slug"], **{name: text.format(turn) for name, text in changes.items()}}
            for row in made["results"]
        ]
        seconds["update"].append(_bulk_call(instance, token, update=updates)[0])
    return seconds


def _new_link(grid: str, number: int) -> dict[str, Any]:
    return {
        "grid": grid,
        "url": f"https://example.org/guide/{number}",
        "title": f"Guide to garden number {number}",
        "tags": ["books", "later"],
        "style": {"radius": 8},
    }


def _bulk_call(instance: Instance, token: str, **lists: Any) -> tuple[float, Any]:
    seconds, made = instance.site.ask("/api/v1/links/bulk/", token=token, body=lists)
    if made["done"] != BULK_LINKS:
        raise RuntimeError(f"Not every item was done: {made['results'][:3]}")
    return seconds, made


def _show_bulk(bulk: dict[str, list[float]]) -> None:
    rows = [
        [
            f"links/bulk/, {name} {BULK_LINKS:,}",
            *(in_ms(taken) for taken in (min(seconds), median(seconds), max(seconds))),
            f"≤ {BULK_SECONDS * 1000:.0f} ms",
            "yes" if median(seconds) <= BULK_SECONDS else "NO",
        ]
        for name, seconds in bulk.items()
    ]
    columns = ["ms", "least", "median", "most", "target of the median", "holds"]
    show("Links in one call", columns, rows)


def _deep_path(instance: Instance) -> str:
    """Return the path of the heavy user's thousandth page, found as a client does."""
    path, token = ApiRequest(instance, "links/", instance.size.heavy_user).draw(random.Random())
    for _ in range(_DEEP_PAGE - 1):
        _, page = instance.site.ask(path, token=token)
        path = page["next"][page["next"].index("/api/v1/") :]
    return path.removeprefix("/api/v1/")


def _measure(
    name: str, before: ApiRequest, after: ApiRequest, *, has_target: bool = False
) -> Figure:
    chance = random.Random(name)
    seconds: tuple[list[float], list[float]] = ([], [])
    deadline = perf_counter() + _SECONDS_MAX
    for _ in range(_WARM_UP + _REQUESTS):
        for request, taken in zip((before, after), seconds, strict=True):
            path, token = request.draw(chance)
            taken.append(request.instance.site.ask(path, token=token)[0])
        if perf_counter() > deadline:
            break
    queries = (_queries(before), _queries(after))
    # Few requests of a long patience are slow ones, which need no warming up.
    warm = _WARM_UP if len(seconds[0]) > 2 * _WARM_UP else 0
    return Figure(name, seconds[0][warm:], seconds[1][warm:], queries, has_target)


def _queries(request: ApiRequest) -> int:
    switch(request.instance.database)
    path, token = request.draw(random.Random(0))
    headers = {"Authorization": f"Token {token}", "Host": "localhost"}
    with CaptureQueriesContext(connection) as queries:
        assert Client().get(path, headers=headers).status_code == 200
    return len(queries)


def _show(title: str, before: str, after: str, figures: Sequence[Figure]) -> None:
    moments: list[tuple[str, Callable[[Figure], list[float]]]] = [
        (before, lambda figure: figure.before),
        (after, lambda figure: figure.after),
    ]
    columns = ["ms", *(f"p{p} {name}" for name, _ in moments for p in (50, 95))]
    rows = [
        [
            figure.name,
            *(in_ms(percentile(of(figure), p)) for _, of in moments for p in (0.5, 0.95)),
            f"{figure.ratio:.2f}",
            "/".join(map(str, dict.fromkeys(figure.queries))),
            f"≤ {RATIO}, < {P95 * 1000:.0f} ms, {PROFILE_QUERIES} queries"
            if figure.has_target
            else "",
            ("yes" if figure.holds else "NO") if figure.has_target else "",
        ]
        for figure in figures
    ]
    show(title, [*columns, "ratio", "queries", "target", "holds"], rows)


if __name__ == "__main__":
    sys.exit(main())
