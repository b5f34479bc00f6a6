"""The system's Chromium, driven by Playwright, and what a page in it does and complains of.

with started() as browser:
    page = opened(browser, width=360)
    traffic = watch(page)
    page.goto(address)
    assert traffic.complaints == []
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# In a container Chromium cannot make its sandbox, and nothing of what it asks for at home is wanted.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEIGHT = 900
# What Playwright's loop, which runs in the thread of the tests, would have Django refuse.
_ASYNC_UNSAFE = "DJANGO_ALLOW_ASYNC_UNSAFE"


def program() -> str | None:
    """Return the path of the browser, or None where none is installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def lacking() -> str:
    """Say in one line what pages cannot be tested without, or nothing."""
    if find_spec("playwright") is None:
        return "Playwright is not installed: pages are not tested in a browser"
    if program() is None:
        return "Chromium is not installed (make browser): pages are not tested in a browser"
    return ""


@contextmanager
def started() -> Iterator[Browser]:
    """Run the browser until the block ends; the database may be used in the block."""
    from django.db import connections
    from playwright.sync_api import sync_playwright

    before = os.environ.get(_ASYNC_UNSAFE)
    with sync_playwright() as playwright:
        os.environ[_ASYNC_UNSAFE] = "1"
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
            # Those that were opened beside the loop are not found again once it has ended.
            connections.close_all()
            os.environ.pop(_ASYNC_UNSAFE)
            os.environ.update({} if before is None else {_ASYNC_UNSAFE: before})


def opened(browser: Browser, *, width: int = 1440, height: int = HEIGHT, **options: Any) -> Page:
    """Open an empty page in a context of its own; `options` are those of Playwright's contexts.

    `java_script_enabled=False` makes a page without JavaScript.
    """
    return browser.new_context(viewport={"width": width, "height": height}, **options).new_page()


class Open(Protocol):
    """Open a page at an address, as `opened` does; a fixture that closes it after the test."""

    def __call__(self, address: str = "", *, width: int = 1440, **options: Any) -> Page: ...


def resize(page: Page, width: int, height: int = HEIGHT) -> None:
    """Give the page so many CSS pixels: 200 % zoom at 1280 is 640, and 400 % is 320."""
    page.set_viewport_size({"width": width, "height": height})


@dataclass
class Traffic:
    """Hold what a page has asked for, and its errors and warnings."""

    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def foreign(self, *ours: str) -> list[str]:
        """List the addresses asked for at other origins than ours."""
        return [each.url for each in self.requests if not each.url.startswith((*ours, "data:"))]

    def paths(self, kind: str = "") -> list[str]:
        """List the paths asked for, those of one of Playwright's resource types if it is named."""
        named = [each for each in self.requests if kind in ("", each.resource_type)]
        return [urlsplit(each.url).path for each in named]

    def transferred(self) -> int:
        """Sum the bytes of all bodies as they came, mostly compressed."""
        return sum(each.sizes()["responseBodySize"] for each in self.requests)


def watch(page: Page) -> Traffic:
    """Note, from now on, the page's requests, its errors and its warnings."""
    traffic = Traffic()

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            traffic.complaints.append(message.text)

    page.on("request", lambda request: traffic.requests.append(request))
    page.on("console", said)
    page.on("pageerror", lambda error: traffic.complaints.append(str(error)))
    return traffic
