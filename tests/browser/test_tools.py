"""Test that the helpers for pages see what they look for, and are skipped where there is no browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gridlink.lib.npm import FetchError
from tests.support.browser import axe as axe_core
from tests.support.browser import layout
from tests.support.browser.axe import COLOURS, INTEGRITY, fetch, findings
from tests.support.browser.chromium import Open, lacking, resize, watch
from tests.support.browser.keyboard import Stop, walk
from tests.support.browser.timing import best, largest_paint, layout_shift, observe, throttle
from tests.support.npm import Npm, integrity, tgz
from tests.support.processes import ROOT
from tests.support.web import reply, web

DOCUMENT = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{}</main>"
PALE = "<p style='color: #aaa; background: #fff'>pale"
Look = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("look", "arguments", "bad", "good"),
    [
        (findings, (), "<img src='data:,'>", "<img src='data:,' alt='An image'>"),
        (findings, COLOURS, PALE, "<p style='color: #555; background: #fff'>dark enough"),
        (layout.sticking_out, (), "<p style='width: 2000px'>wide", "<p style='width: 90%'>fits"),
        (
            layout.cut_off,
            (),
            "<p style='height: 1em; overflow: hidden'>one<br>two",
            "<p style='height: 1em; overflow: hidden' aria-hidden=true>one<br>two",
        ),
        (
            layout.spilled,
            ("div",),
            "<div style='height: 9px'><p style='height: 99px'>long</div>",
            "<div style='height: 99px'><p style='height: 9px'>short</div>",
        ),
        (
            layout.overlapping,
            ("p",),
            "<p>one<p style='margin-top: -2.5em'>two",
            "<p>one<p>two",
        ),
        (
            layout.out_of_order,
            ("b",),
            "<div style='display: flex; flex-direction: row-reverse'><b>one</b><b>two</b></div>",
            "<b>one</b> <b>two</b><br><b>three</b>",
        ),
        (
            layout.smaller_than,
            (24, "a"),
            "<a href=# style='display: block; height: 23px'>low</a>",
            "<a href=# style='display: block; height: 24px'>high</a>",
        ),
    ],
)
def test_what_is_wrong_is_seen_and_nothing_else(
    open_page: Open, axe: None, look: Look, arguments: tuple[object, ...], bad: str, good: str
) -> None:
    page = open_page(width=360)
    page.set_content(DOCUMENT.format(bad))
    assert look(page, *arguments) != []
    page.set_content(DOCUMENT.format(good))
    assert look(page, *arguments) == []


def test_order_follows_the_direction_of_reading(open_page: Open) -> None:
    page = open_page()
    page.set_content(
        "<html dir=rtl><style>b { display: inline-block }</style><b>one</b> <b>two</b>"
    )
    assert layout.out_of_order(page, "b") == []
    page.evaluate("document.body.dir = 'ltr'")
    assert layout.out_of_order(page, "b") == ["b one", "b two"]


def test_a_reader_changes_text_and_window(open_page: Open) -> None:
    page = open_page()
    page.set_content(DOCUMENT.format("<p id=p>text"))
    style = "s => getComputedStyle(document.getElementById('p'))[s]"
    layout.adopt(page, layout.TEXT_SPACING)
    assert page.evaluate(style, "letterSpacing") == "1.92px"
    layout.enlarge_text(page, 200)
    assert page.evaluate(style, "fontSize") == "32px"
    resize(page, 1280)
    assert not page.evaluate("matchMedia('(min-width: 41em)').matches")


def test_a_walk_says_where_the_focus_was_and_whether_it_was_seen(open_page: Open) -> None:
    page = open_page()
    page.set_content(
        "<style>a { outline: 2px solid } #bar { position: fixed; top: 0; height: 3em; width: 100% }"
        "#plain { outline: none }</style><a href=#covered>covered</a><p style='height: 5em'></p>"
        "<a href=#seen>seen</a><p><a href=#plain id=plain>plain</a><div id=bar></div>"
    )
    assert walk(page) == [
        Stop("#covered", True, False),
        Stop("#seen", True, True),
        Stop("#plain", False, True),
    ]


def test_traffic_is_noted(open_page: Open) -> None:
    body = b"<link rel=icon href='data:,'><img src='//localhost:1/a.png'><img src=/no.png><script>x"
    page = open_page()
    with web(page=reply(200, body, {"Content-Type": "text/html"})) as site:
        traffic = watch(page)
        page.goto(site.url("/page"), wait_until="networkidle")
        assert traffic.foreign(site.url("")) == ["http://localhost:1/a.png"]
        assert sorted(traffic.paths()) == ["/a.png", "/no.png", "/page"]
        assert traffic.paths("document") == ["/page"]
    assert [line for line in traffic.complaints if "404" in line or "x is not" in line] != []


def test_what_is_transferred_is_counted_as_it_came(open_page: Open) -> None:
    page = open_page()
    body = b"<link rel=icon href='data:,'>" + b"x" * 971
    with web(page=reply(200, body, {"Content-Type": "text/html"})) as site:
        traffic = watch(page)
        page.goto(site.url("/page"))
        assert traffic.transferred() == 1000


def test_paints_and_shifts_are_measured(open_page: Open) -> None:
    page = open_page(width=360)
    observe(page)
    html = DOCUMENT.format("<p>text")
    with web(page=reply(200, html.encode(), {"Content-Type": "text/html"})) as site:
        page.goto(site.url("/page"))
        assert 0 < largest_paint(page) < 5000
        assert layout_shift(page) == 0
        page.evaluate("document.querySelector('h1').style.marginTop = '200px'")
        assert layout_shift(page) > 0
        throttle(page)
        page.goto(site.url("/page"))
        assert largest_paint(page) >= 150


def test_the_best_of_some_tries() -> None:
    values = iter([9.0, 7.0, 3.0, 1.0])
    assert best(lambda: next(values), enough=4) == 3
    values = iter([9.0, 7.0, 8.0])
    assert best(lambda: next(values), enough=4, tries=3) == 7


def test_axe_is_fetched_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    npm, target = Npm(folder), tmp_path / "share" / "axe.min.js"
    npm.leaves(content := tgz({"package/axe.min.js": b"axe", "package/LICENSE": b"MPL"}))
    with pytest.raises(FetchError, match=r"^The package's checksum is sha512-"):
        fetch(target)
    assert not target.parent.exists()
    monkeypatch.setattr(axe_core, "INTEGRITY", integrity(content))
    fetch(target)
    assert npm.call == "pack axe-core@4.14.1 --loglevel=error"
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == {
        "axe.min.js": b"axe",
        "LICENSE": b"MPL",
    }
    assert len(INTEGRITY) == 95


def test_without_a_browser_all_is_skipped_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{_FIRST}"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert done.returncode == 0, done.stdout
    assert len(skipped) == 1
    assert skipped[0].endswith(
        ": Chromium is not installed (make browser): pages are not tested in a browser"
    )


_FIRST = test_what_is_wrong_is_seen_and_nothing_else.__name__


def test_what_is_lacking_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lacking().startswith("Chromium is not installed (make browser)")
    monkeypatch.setattr("tests.support.browser.chromium.find_spec", lambda name: None)
    assert lacking().startswith("Playwright is not installed")
    monkeypatch.setattr(axe_core, "AXE", tmp_path / "axe.min.js")
    assert axe_core.lacking_axe().startswith("axe-core is missing (make browser)")
