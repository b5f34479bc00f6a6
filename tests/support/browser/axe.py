"""What axe-core finds in a page: `make browser` fetches it into the virtual environment."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridlink.lib.npm import package, place

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE = "axe-core"
VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
AXE = Path(sys.prefix) / "share" / f"{PACKAGE}-{VERSION}" / "axe.min.js"
# Style sheets are not fetched again, which a page's CSP forbids; the size of targets is off by itself.
_OPTIONS = {
    "preload": False,
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that a change of nothing but colours can break."""
_RUN = "options => axe.run(document, options).then(found => found.violations)"


def fetch(target: Path) -> None:
    """Put axe-core and its license at and beside `target`; raise FetchError."""
    with package(PACKAGE, VERSION, INTEGRITY, what="accessibility checks") as opened:
        place(opened, "package/LICENSE", target.with_name("LICENSE"))
        place(opened, "package/axe.min.js", target)


def lacking_axe() -> str:
    """Say in one line that pages cannot be checked, or nothing."""
    return "" if AXE.exists() else "axe-core is missing (make browser): nothing is checked with it"


def findings(page: Page, *only: str) -> list[str]:
    """List what is not accessible: the rule and the element of each finding.

    All rules take a few times as long as some that are named.
    """
    # Not as a script element: the page's CSP forbids it, and without a CSP faults of it would stay hidden.
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_source())
    options = _OPTIONS | {"runOnly": only} if only else _OPTIONS
    violations: list[dict[str, Any]] = page.evaluate(_RUN, options)
    return [_line(rule, node) for rule in violations for node in rule["nodes"]]


@cache
def _source() -> str:
    return AXE.read_text()


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(node["failureSummary"].split())
    return f"{rule['id']}: {' '.join(map(str, node['target']))}: {why}"
