"""Provide the browser to the tests of pages, or skip them in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser.axe import lacking_axe
from tests.support.browser.chromium import Open, lacking, opened, started

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


# Not for the whole session: Playwright's loop would run below the tests of all other folders.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a file of tests."""
    if reason := lacking():
        pytest.skip(reason)
    with started() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open a page in a context of its own."""
    pages: list[Page] = []

    def open_one(address: str = "", *, width: int = 1440, **options: Any) -> Page:
        pages.append(page := opened(browser, width=width, **options))
        if address:
            page.goto(address)
        return page

    yield open_one
    for page in pages:
        page.context.close()


@pytest.fixture(scope="module")
def axe() -> None:
    """Skip what axe-core is needed for where it is not there."""
    if reason := lacking_axe():
        pytest.skip(reason)
