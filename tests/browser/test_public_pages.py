"""Test the pages of visitors in a real browser: what they see, wait for and can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from io import BytesIO
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.utils import timezone
from pypdf import PdfReader

from gridlink.accounts.models import User
from gridlink.web.themes import SCHEMES, THEMES
from grids.models import ColourScheme, Grid, Link
from grids.public.wire import Event, Kind
from tests.support.browser.axe import COLOURS, findings
from tests.support.browser.chromium import Open, resize, watch
from tests.support.browser.keyboard import walk
from tests.support.browser.layout import (
    TEXT_SPACING,
    adopt,
    cut_off,
    enlarge_text,
    out_of_order,
    overlapping,
    smaller_than,
    spilled,
    sticking_out,
)
from tests.support.browser.timing import best, largest_paint, layout_shift, observe, throttle
from tests.support.client import make_user
from tests.support.grids.sample_pages import SAMPLE, make_page, sixty
from tests.support.grids.visits import arrived, ask, once
from tests.support.processes import PublicSite, public_site
from tests.support.redis import OwnRedis, own_redis
from tests.support.waiting import wait_for
from tests.support.web import Web, reply, web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db
WIDTHS = (360, 768, 1440)
# The grid and the column; the column is what a grid of one column looks like.
LOOKS = {"grid": 6, "column": 1}
LANGUAGES = {"ltr": "en", "rtl": "ar"}
LONG = (
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "W" * 300,
    "a̸̧͈͍͙̘̱̿̀̏̈́" * 20,
    "\u202eright to left override\u202e " * 10,
    "👩‍👩‍👧‍👦" * 40,
    "<script>alert(1)</script>" * 10,
)
PAGE_BYTES, TOTAL_BYTES = 14_000, 40_000


class Site:
    """A public process with grids of every look, theme and direction, and a server that links lead to."""

    def __init__(self, process: PublicSite, redis: OwnRedis, away: Web) -> None:
        self.port, self.redis, self.away = process.port, redis, away
        self.origin = f"http://127.0.0.1:{process.port}"
        self.owners = {name: _owner(name, locale) for name, locale in LANGUAGES.items()}

    def make(self) -> None:
        """Make the grids."""
        for (direction, owner), look, theme in product(self.owners.items(), LOOKS, THEMES):
            self.page(SAMPLE, f"{direction}-{look}-{theme}", owner, look, theme=theme)
        for direction, owner in self.owners.items():
            self.page(sixty(), f"{direction}-sixty", owner, title="Sixty links")
        for look in LOOKS:
            longest = [{"title": title, "width": w} for title in LONG for w in (1, 2)]
            self.page(longest, f"long-{look}", look=look, title=LONG[0], description=LONG[1])
        for scheme in SCHEMES:
            self.page(SAMPLE, f"always-{scheme}", colour_scheme=ColourScheme(scheme))
        self.page([], "empty")
        self.page([{"title": f"Link {n}"} for n in range(201)], "parts")
        target = self.page([{"title": "Away", "url": self.away.url("/target")}], "away")
        self._closed(target, "later", active_from=timezone.now() + timedelta(days=1))
        self._closed(target, "gone", is_deleted=True, deleted_on=timezone.now())

    def _closed(self, grid: Grid, alias: str, **fields: Any) -> None:
        Link.objects.create(
            user=grid.user, grid=grid, alias=alias, title=alias, url="https://example.org/",
            url_key=alias, x=1, y=0, **fields,
        )  # fmt: skip

    def page(
        self,
        tiles: Any,
        alias: str,
        owner: User | None = None,
        look: str = "grid",
        **fields: Any,
    ) -> Grid:
        """Make a grid."""
        about = {"title": "Library and festival", "description": "What goes on.\nEvery week."}
        return make_page(
            owner or self.owners["ltr"], tiles, alias=alias, columns=LOOKS[look], **about | fields
        )

    def at(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.origin}{path}"

    def clicks(self) -> list[Event]:
        """Return the clicks that were recorded."""
        groups = once(arrived(self.redis.client()))
        return [each for one in groups for each in one.events if each.target.kind == Kind.CLICK]


def _owner(name: str, locale: str) -> User:
    owner = make_user(name)
    owner.locale = locale
    owner.save()
    return owner


@pytest.fixture(scope="module")
def site(
    browser: Browser,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """For all tests of this file, which change nothing."""
    folder = tmp_path_factory.mktemp("site")
    with (
        django_db_blocker.unblock(),
        own_redis(folder / "redis", settings) as redis,
        web(target=reply(200, b"You are here")) as away,
        public_site(folder) as process,
    ):
        site = Site(process, redis, away)
        try:
            site.make()
            yield site
        finally:
            User.objects.filter(username__in=LANGUAGES).delete()


def in_all_ways(page: Page, *widths: int) -> dict[tuple[int, str], list[str]]:
    """Return what is wrong with a page, by width and by the scheme of the visitor's device."""
    wrong: dict[tuple[int, str], list[str]] = {}
    for width in widths or WIDTHS:
        resize(page, width)
        page.emulate_media(color_scheme="light")
        wrong[width, "light"] = sticking_out(page) + findings(page)
        page.emulate_media(color_scheme="dark")
        wrong[width, "dark"] = findings(page, *COLOURS)
    return {way: found for way, found in wrong.items() if found}


@pytest.mark.parametrize(("direction", "look"), [*product(LANGUAGES, LOOKS)])
def test_nothing_is_wrong_with_any_theme(
    site: Site, open_page: Open, axe: None, direction: str, look: str
) -> None:
    page = open_page()
    traffic = watch(page)
    wrong: dict[tuple[object, ...], list[str]] = {}
    for theme in THEMES:
        page.goto(site.at(f"/g/{direction}-{look}-{theme}"))
        assert page.evaluate("document.dir") == direction
        assert (page.locator("style").count(), page.locator("[style]").count()) == (1, 0)
        wrong |= {(theme, *way): found for way, found in in_all_ways(page).items()}
    assert wrong == {}
    assert (traffic.complaints, traffic.foreign(site.origin)) == ([], [])


OTHERS = (
    "/@ltr", "/@rtl", "/g/always-light", "/g/always-dark", "/g/empty", "/g/parts/2",
    "/g/long-grid", "/g/long-column", "/nothing", "/l/gone", "/l/later",
)  # fmt: skip
REFUSED = {"/nothing": 404, "/l/gone": 410, "/l/later": 404}


@pytest.mark.parametrize("path", OTHERS)
def test_nothing_is_wrong_with_any_other_page(
    site: Site, open_page: Open, axe: None, path: str
) -> None:
    page = open_page()
    traffic = watch(page)
    answer = page.goto(site.at(path))
    assert answer
    assert answer.status == REFUSED.get(path, 200)
    assert in_all_ways(page, 360, 1440) == {}
    # Chromium itself says that an answer is no success.
    complaints = [text for text in traffic.complaints if f"status of {answer.status}" not in text]
    assert (complaints, traffic.foreign(site.origin)) == ([], [])


def test_a_page_of_sixty_tiles_is_small_fast_and_stays_where_it_is(
    site: Site, open_page: Open
) -> None:
    page = open_page(width=360)
    observe(page)
    traffic = watch(page)
    address = site.at("/g/ltr-sixty")

    def paint() -> float:
        traffic.requests.clear()
        page.goto(address, wait_until="networkidle")
        assert page.locator(".tile").count() == 60
        assert layout_shift(page) == 0
        return largest_paint(page)

    assert best(paint, enough=300) <= 300
    assert traffic.paths("script") == []
    assert page.locator("script:not([type='application/ld+json'])").count() == 0
    assert len([path for path in traffic.paths() if not path.endswith("icon.svg")]) <= 3
    assert 0 < traffic.transferred() <= TOTAL_BYTES
    zipped = ask(site.port, "/g/ltr-sixty", Accept_Encoding="gzip")
    assert zipped.headers["content-encoding"] == "gzip"
    assert len(zipped.body) <= PAGE_BYTES
    throttle(page)
    assert best(paint, enough=1500, tries=3) <= 1500


@pytest.mark.parametrize("direction", LANGUAGES)
def test_tiles_are_read_in_the_order_in_which_they_are_seen(
    site: Site, open_page: Open, direction: str
) -> None:
    page = open_page()
    found = {}
    for name, width in product(("sixty", "grid-paper", "column-paper"), WIDTHS):
        resize(page, width)
        page.goto(site.at(f"/g/{direction}-{name}"))
        found[name, width] = out_of_order(page, ".tile, h2") + overlapping(page, ".tile")
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("direction", "width"), [*product(LANGUAGES, (360, 1440))])
def test_the_keyboard_reaches_every_tile_and_shows_where_it_is(
    site: Site, open_page: Open, direction: str, width: int
) -> None:
    page = open_page(site.at(f"/g/{direction}-sixty"), width=width)
    stops = walk(page)
    tiles = page.locator(".tile a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert [stop.target for stop in stops] == ["#content", f"/@{direction}", *tiles]
    assert [stop for stop in stops if not (stop.is_outlined and stop.is_uncovered)] == []


def test_the_skip_link_leads_to_the_links(site: Site, open_page: Open) -> None:
    page = open_page(site.at("/g/ltr-sixty"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.tile')?.id") == "t0"


PATHS = ("/g/ltr-grid-paper", "/g/rtl-column-paper", "/g/long-grid", "/@ltr", "/nothing")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_lost_in_a_narrow_or_zoomed_window(
    site: Site, open_page: Open, path: str
) -> None:
    """At 320 pixels, which is 400 % zoom at 1280 (WCAG 2.2, 1.4.10), and at 200 %."""
    page = open_page(site.at(path))
    for width in (320, 640, 1280):
        resize(page, width)
        assert sticking_out(page) + spilled(page, ".tile, .card .text") == []


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_lost_when_text_is_spaced_or_larger(
    site: Site, open_page: Open, path: str
) -> None:
    page = open_page()
    changes = (
        (320, partial(adopt, page, TEXT_SPACING)),
        (1280, partial(adopt, page, TEXT_SPACING)),
        (1440, partial(enlarge_text, page, 150)),
        (1280, partial(enlarge_text, page, 200)),
    )
    for width, change in changes:
        resize(page, width)
        page.goto(site.at(path))
        cut_before = cut_off(page)
        change()
        cut = [each for each in cut_off(page) if each not in cut_before]
        assert sticking_out(page) + spilled(page, ".tile") + cut == []


def test_targets_are_large_enough_for_a_thumb(site: Site, open_page: Open) -> None:
    page = open_page(width=360)
    for path in ("/g/ltr-sixty", "/g/ltr-column-paper", "/g/parts", "/@ltr"):
        page.goto(site.at(path))
        assert smaller_than(page, 44, "main a") == []


def test_tiles_have_edges_where_colours_are_forced(site: Site, open_page: Open) -> None:
    page = open_page(site.at("/g/ltr-grid-paper"), forced_colors="active")
    edges = "all => all.map(e => getComputedStyle(e)).map(s => s.borderStyle + s.borderWidth)"
    found = page.locator(".tile").evaluate_all(edges)
    assert len(found) == len(SAMPLE)
    assert all(each.startswith("solid") and each != "solid0px" for each in found)


def test_nothing_moves_for_those_who_do_not_want_it(site: Site, open_page: Open) -> None:
    page = open_page(site.at("/g/ltr-grid-paper"), reduced_motion="reduce")
    tile = page.locator(".tile").first
    tile.hover()
    style = tile.evaluate(
        "e => (s => [s.translate, s.scale, s.transitionDuration])(getComputedStyle(e))"
    )
    assert style == ["none", "none", "0s"]
    page.emulate_media(reduced_motion="no-preference")
    assert tile.evaluate("e => getComputedStyle(e).transitionDuration") != "0s"


def test_a_printed_page_shows_the_addresses(site: Site, open_page: Open) -> None:
    page = open_page(site.at("/g/ltr-grid-paper"))
    printed = PdfReader(BytesIO(page.pdf()))
    text = "".join("".join(sheet.extract_text().split()) for sheet in printed.pages)
    addresses = [f"https://host{n % 7}.example.org/{n}" for n in range(len(SAMPLE) - 1)]
    assert [each for each in [*addresses, "mailto:stages@example.org"] if each not in text] == []
    assert len(printed.pages) <= 2


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_click_leads_to_its_target_and_is_recorded(
    site: Site, open_page: Open, has_scripts: bool
) -> None:
    page = open_page(site.at("/g/away"), java_script_enabled=has_scripts)
    before = len(site.clicks())
    page.get_by_role("link", name="Away").click()
    page.wait_for_url(site.away.url("/target"))
    assert page.get_by_text("You are here").is_visible()
    (click,) = wait_for(lambda: site.clicks()[before:], what="a click that was recorded")
    link = Link.objects.get(title="Away")
    assert click.target == (Kind.CLICK, link.user_id, link.grid_id, link.pk, "0,0,1,1")
    assert b"HeadlessChrome" in click.user_agent
