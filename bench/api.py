"""Does the API stay as fast when there is a hundred times as much? `make bench-api`.

Two databases, of 10,000 and of 1,000,000 links (100 and 10,000 users, each with 10 grids of 10 links), are
loaded first; then one web process on each is asked in turns, so that whatever else the machine does falls on
both alike. Requests go over HTTP, one at a time, each for a user drawn at random. The large database also has
one user with 100,000 links more, whose figures stand in a table of their own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.load import COMMON, RARE, Size, load, token_of, username_of
from bench.report import conclude, in_ms, percentile, say, show
from bench.servers import Site, database, stop_gently, switch, web

SMALL, LARGE = Size(users=100), Size(users=10_000, heavy=100_000)
RATIO, P95, PROFILE_QUERIES = 1.20, 0.030, 3
_WARM_UP, _REQUESTS = 50, 600
# At most so many seconds go into one figure, with fewer requests if need be.
_PATIENCE = 20
_DEEP_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """A loaded database with its web process."""

    database: str
    size: Size
    site: Site


@dataclass(frozen=True, slots=True)
class Question:
    """A path below /api/v1/ that is asked of `place` for `user`, 0 for any; `{name}` is the user's name."""

    place: Place
    path: str
    user: int = 0

    def draw(self, chance: random.Random) -> tuple[str, str]:
        """A path and a token to ask with."""
        user = self.user or chance.randint(1, self.place.size.users)
        return f"/api/v1/{self.path.format(name=username_of(user))}", token_of(user)


@dataclass(frozen=True, slots=True)
class Figure:
    """The seconds of every answer before and after something grew, and the queries each answer took."""

    name: str
    before: list[float]
    after: list[float]
    queries: tuple[int, int]
    promised: bool = False

    @property
    def ratio(self) -> float:
        """How many times longer the slow answers take after."""
        return percentile(self.after, 0.95) / percentile(self.before, 0.95)

    @property
    def holds(self) -> bool:
        """Whether what is promised of the profile is true."""
        p95 = percentile(self.after, 0.95)
        return self.ratio <= RATIO and p95 < P95 and set(self.queries) == {PROFILE_QUERIES}


def main() -> int:
    """Load, measure, report; returns the exit code."""
    stop_gently()
    with database("small") as small, database("large") as large:
        for name, size in ((small, SMALL), (large, LARGE)):
            switch(name)
            _load(size)
        with web(small) as small_site, web(large) as large_site:
            before, after = Place(small, SMALL, small_site), Place(large, LARGE, large_site)
            growth = _growth(before, after)
            _show("From 10,000 to 1,000,000 links of 100 each user", "10 k", "1 M", growth)
            heavy = _heavy(after)
            _show("Among 1,000,000 links, a user of 100,000", "100", "100 k", heavy)
    profile = growth[0]
    p95 = round(percentile(profile.after, 0.95) * 1000, 1)
    target = {"p95_ms": P95 * 1000, "ratio": RATIO}
    ratio = round(profile.ratio, 2)
    return conclude("api", p95_ms=p95, ratio=ratio, target=target, holds=profile.holds)


def _load(size: Size) -> None:
    say(f"Loading {size.users * size.steps + size.heavy:,} links")
    start = perf_counter()
    load(size)
    say(f"  took {perf_counter() - start:.0f} s")


def _growth(small: Place, large: Place) -> list[Figure]:
    paths = {
        "users/{username}/": "users/{name}/",
        "grids/": "grids/",
        "links/": "links/",
        "links/?q= common word": f"links/?q={COMMON}",
        "links/?q= rare word": f"links/?q={RARE}",
    }
    return [
        _measure(name, Question(small, path), Question(large, path), promised=not index)
        for index, (name, path) in enumerate(paths.items())
    ]


def _heavy(large: Place) -> list[Figure]:
    user = large.size.heavy_user
    pages = {
        "users/{username}/": "users/{name}/",
        "links/": "links/",
        "links/?q= common word": f"links/?q={COMMON}",
        "links/?q= rare word": f"links/?q={RARE}",
    }
    figures = [
        _measure(name, Question(large, path), Question(large, path, user))
        for name, path in pages.items()
    ]
    first, deep = Question(large, "links/", user), Question(large, _deep_path(large), user)
    figures.append(_measure("links/, page 1,000 against page 1", first, deep))
    return figures


def _deep_path(place: Place) -> str:
    """The path of the heavy user's thousandth page, found as a client does."""
    path, token = Question(place, "links/", place.size.heavy_user).draw(random.Random())
    for _ in range(_DEEP_PAGE - 1):
        _, page = place.site.ask(path, token=token)
        path = page["next"][page["next"].index("/api/v1/") :]
    return path.removeprefix("/api/v1/")


def _measure(name: str, before: Question, after: Question, *, promised: bool = False) -> Figure:
    chance = random.Random(name)
    seconds: tuple[list[float], list[float]] = ([], [])
    deadline = perf_counter() + _PATIENCE
    for _ in range(_WARM_UP + _REQUESTS):
        for question, taken in zip((before, after), seconds, strict=True):
            path, token = question.draw(chance)
            taken.append(question.place.site.ask(path, token=token)[0])
        if perf_counter() > deadline:
            break
    queries = (_queries(before), _queries(after))
    # Few requests of a long patience are slow ones, which need no warming up.
    warm = _WARM_UP if len(seconds[0]) > 2 * _WARM_UP else 0
    return Figure(name, seconds[0][warm:], seconds[1][warm:], queries, promised)


def _queries(question: Question) -> int:
    switch(question.place.database)
    path, token = question.draw(random.Random(0))
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
            if figure.promised
            else "",
            ("yes" if figure.holds else "NO") if figure.promised else "",
        ]
        for figure in figures
    ]
    show(title, [*columns, "ratio", "queries", "target", "holds"], rows)


if __name__ == "__main__":
    sys.exit(main())
