"""Test how the application answers: from which route, and what it counts."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from grids.public import app as public_app
from grids.public import cache, responses
from grids.public.app import PublicApp
from grids.public.events import EventFactory
from grids.public.pages.document import make_content, make_document
from grids.public.pages.messages import early, gone, missing, try_again
from grids.public.responses import Response
from grids.public.wire import Event, Flag, Kind, Target

VIEW = Target(Kind.VIEW, 1, 2)
CLICK = Target(Kind.CLICK, 1, 2, 3, "0,0,1,1")
PAGE = make_document(
    make_content(b"<p>page</p>", "text/html"), target=VIEW, depends_on=("grid 2", "user 1")
)
SLUG = f"gr_{1:032x}"


class Inline(Executor):
    """Answers at once, in the caller's thread."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


class Book:
    """Writes down visits instead of the writer, and look-ups instead of the database."""

    is_spooling = False

    def __init__(self) -> None:
        self.visits: list[Event] = []
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, Response | Exception] = {}

    async def keep(self, event: Event) -> None:
        self.visits.append(event)

    def find(self, prefix: str) -> Callable[[str], Response]:
        def resolve(key: str) -> Response:
            self.asked.append((prefix, key))
            answer = self.answers.get(prefix + key, missing())
            if isinstance(answer, Exception):
                raise answer
            return answer

        return resolve


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def served(book: Book, tmp_path: Path) -> PublicApp:
    """The application, which knows what the book knows."""
    made = PublicApp(redis_url="redis://", spool=tmp_path, event_factory=EventFactory(0, True))
    made._writer = book  # type: ignore[assignment]
    for route in (made._site, *made._routes.values()):
        route.cache._resolve = book.find(route.prefix)
        route.cache._executor = Inline()
    return made


async def ask(served: PublicApp, path: str, method: str = "GET", **headers: str) -> list[Any]:
    """Status, headers and body of an answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("no body is read")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("192.0.2.1", 1),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    await served(scope, receive, send)
    start, body = sent
    return [start["status"], dict(start["headers"]), body["body"]]


def run(scene: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(scene)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/l/one", ("/l/", "one")),
        ("/l/ONE/", ("/l/", "one")),
        ("/v/page", ("/v/", "page")),
        ("/g/page", ("/g/", "page")),
        ("/g/Page/", ("/g/", "page")),
        (f"/g/{SLUG}/2", ("/g/", f"{SLUG}/2")),
        ("/g/page/feed.xml", ("/g/", "page/feed.xml")),
        ("/qr/l/one.svg", ("/qr/", "l/one.svg")),
        ("/qr/utm/g/page.png", ("/qr/", "utm/g/page.png")),
        ("/static/web/public.css", ("/static/", "web/public.css")),
        ("/@alice", ("/", "@alice")),
        ("/@alice/", ("/", "@alice")),
        ("/robots.txt", ("/", "robots.txt")),
        ("/sitemap.xml", ("/", "sitemap.xml")),
        ("/sitemap-1.xml", ("/", "sitemap-1.xml")),
    ],
)
def test_routes(served: PublicApp, book: Book, path: str, asked: tuple[str, str]) -> None:
    run(ask(served, path))
    assert book.asked == [asked]


@pytest.mark.parametrize(
    "path",
    [
        "/g/page/0",
        "/g/page/01",
        "/g/page/10000",
        "/g/page/2/3",
        "/g/page/feed",
        "/g/page/../x",
        "/g/pa_ge",
        "/g//page",
        "/g/page//",
        "/g/page\n",
        "/g/page/2\n",
        "/g/" + "a" * 10_000,
        "/qr/x/one.svg",
        "/qr/l/one.gif",
        "/qr/l/one",
        "/static/web/a b.css",
        "/static/" + "a" * 201,
        "/@alice/other",
        "/@al\x00ice",
        "/@\udcff",
        "/\x00",
        "/x/one",
        "/" + "a" * 81,
    ],
)
def test_what_can_be_nothing_needs_no_look_up(served: PublicApp, book: Book, path: str) -> None:
    status, _, body = run(ask(served, path))
    assert (status, body) == (404, missing().body["body"]) or status == 404
    assert [book.asked, book.visits] == [[], []]


@pytest.mark.parametrize("path", ["/", "/l/one", "/v/page", "/g/page", "/@a", "/qr/g/a.svg"])
def test_other_methods(served: PublicApp, book: Book, path: str) -> None:
    book.answers = {"/g/page": PAGE}
    allowed = b"GET, HEAD, POST" if path.startswith("/v/") else b"GET, HEAD"
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", *(() if b"POST" in allowed else ("POST",))):
        status, headers, _ = run(ask(served, path, method))
        assert (status, headers[b"allow"]) == (405, allowed)
    assert [book.asked, book.visits] == [[], []]


def test_every_answer_of_a_page_is_a_view(served: PublicApp, book: Book) -> None:
    book.answers = {"/g/page": PAGE}

    async def scene() -> list[int]:
        whole = await ask(served, "/g/page", accept_encoding="br")
        etag = whole[1][b"etag"].decode()
        again = await ask(served, "/g/page", accept_encoding="br", if_none_match=etag)
        other = await ask(served, "/g/page", if_none_match='"other"')
        head = await ask(served, "/g/page", "HEAD")
        fetched = await ask(served, "/g/page", sec_purpose="prefetch")
        assert [again[2], head[2]] == [b"", b""]
        assert int(head[1][b"content-length"]) == len(other[2]) == len(b"<p>page</p>")
        return [each[0] for each in (whole, again, other, head, fetched)]

    assert run(scene()) == [200, 304, 200, 200, 200]
    assert [visit.target for visit in book.visits] == [VIEW] * 5
    assert [visit.flags for visit in book.visits] == [0, 0, 0, Flag.HEAD, Flag.PREFETCH]
    assert book.asked == [("/g/", "page")]


def test_what_is_no_page_is_no_view(served: PublicApp, book: Book) -> None:
    part = make_document(make_content(b"2", "text/html"), depends_on=("grid 2",))
    book.answers = {
        "/g/page/2": part,
        "/g/gone": replace(gone(), depends_on=("grid 2",)),
        "/g/away": OperationalError(),
    }
    paths = ["/g/page/2", "/g/gone", "/g/away", "/g/none", "/robots.txt"]
    assert [run(ask(served, path))[0] for path in paths] == [200, 410, 503, 404, 404]
    assert book.visits == []


def test_an_active_window(served: PublicApp, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(public_app, "time", lambda: now[0])
    about: dict[str, Any] = {"target": CLICK, "depends_on": ("grid 2",)}
    link = responses.redirect("https://a.example/", since=10.0, until=20.0, **about)
    book.answers = {"/l/one": link}
    said = []
    for now[0] in (9.999, 10.0, 19.999, 20.0, 1e12):
        status, _, body = run(ask(served, "/l/one", accept_encoding="br"))
        said.append((status, body))
    before, after = early().body["body"], gone().body["body"]
    assert said == [(404, before), (302, b""), (302, b""), (410, after), (410, after)]
    assert [visit.at for visit in book.visits] == [10_000, 19_999]


@pytest.mark.parametrize("trouble", [OperationalError("away"), InterfaceError("closed")])
def test_without_a_database_what_is_known_goes_on(
    served: PublicApp, book: Book, trouble: Exception
) -> None:
    book.answers = {"/g/page": PAGE}
    assert run(ask(served, "/g/page"))[0] == 200
    book.answers = {"/g/page": trouble, "/g/new": trouble}
    served._apply("all")
    assert run(ask(served, "/g/page"))[0] == 200
    status, headers, body = run(ask(served, "/g/new", accept_encoding="br"))
    assert (status, headers[b"retry-after"], body) == (503, b"2", try_again().body["body"])
    assert len(book.visits) == 2


def test_a_notice_is_for_every_route(served: PublicApp, book: Book) -> None:
    keys = ["/l/one", "/g/page", "/v/page", "/qr/g/page.svg", "/@alice", "/static/web/a.css"]
    answer = replace(responses.plain(200, "ok"), depends_on=("grid 2", "user 1"))
    book.answers = dict.fromkeys(keys, answer)

    def ask_all() -> int:
        book.asked.clear()
        for key in keys:
            assert run(ask(served, key))[0] == 200
        return len(book.asked)

    assert [ask_all(), ask_all()] == [6, 0]
    for notice, forgotten in (
        ("grid 2", 6),
        ("user 1", 6),
        ("grid 3", 0),
        ("unknown", 0),
        ("all", 6),
    ):
        served._apply(notice)
        assert ask_all() == forgotten, notice
    served._apply("key page")
    # The page and the view; a QR code leads where it did.
    assert ask_all() == 2


def test_one_unknown_key_hides_no_other(served: PublicApp, book: Book) -> None:
    ok = replace(responses.plain(200, "ok"), depends_on=("grid 2",))
    book.answers = dict.fromkeys(["/qr/l/one.svg", "/static/web/a.css", "/g/page/2"], ok)
    for path in ("/qr/l/none.svg", "/static/web/none.css", "/g/page/9"):
        assert run(ask(served, path))[0] == 404
    for path in book.answers:
        assert run(ask(served, path))[0] == 200


def test_guesses_keep_memory_flat(
    served: PublicApp, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every kind, each another one; `test_cache` makes a hundred thousand of one kind."""
    monkeypatch.setattr(cache, "UNKNOWN_MAX", 50)
    for route in (served._site, *served._routes.values()):
        route.cache._resolve = lambda key: missing()
    kinds = ["/g/{}", "/g/page/{}", "/@{}", "/{}.php", "/qr/g/{}.svg", "/l/{}", "/static/web/{}"]

    async def guess(first: int, count: int) -> None:
        for number in range(first, first + count):
            status, _, _ = await ask(served, kinds[number % len(kinds)].format(number))
            assert status == 404

    async def scene() -> int:
        tracemalloc.start()
        await guess(1, 1_000)
        before, _ = tracemalloc.get_traced_memory()
        await guess(1_001, 3_000)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return after - before

    assert run(scene()) < 30_000
    for route in (served._site, *served._routes.values()):
        assert len(route.cache._unknown) <= 50
        assert [route.cache.known, route.cache._keys, route.cache._stale] == [{}, {}, {}]
        assert [route.cache._pending, route.cache._running] == [{}, set()]


def test_pages_without_end_keep_memory_flat(served: PublicApp, book: Book) -> None:
    """Ten thousand different pages: the oldest make room."""
    content = make_content(b"x" * 100, "text/html")
    page = make_document(replace(content, brotli=b"x" * 20_000), depends_on=("grid 2",))
    route = served._routes["/g/"]
    route.cache._resolve = lambda key: page
    bytes_max = route.cache._bytes_max

    async def scene() -> None:
        for number in range(10_000):
            await ask(served, f"/g/p{number}")
            assert route.cache._size <= bytes_max

    run(scene())
    held = len(route.cache.known)
    assert held == bytes_max // page.size
    assert len(route.cache._keys["grid 2"]) == held
    assert f"p{9_999}" in route.cache.known
