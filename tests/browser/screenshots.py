"""Draw pages into a folder: `python -m tests.browser.screenshots docs/pictures`, or `make screenshots`.

Each is `LOOK-phone.png`, `LOOK-phone-dark.png`, `LOOK-desktop.png` or `LOOK-desktop-dark.png`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.servers import database
from examples.showcase import GRID, LINKS
from gridlink.accounts.models import User
from gridlink.web.themes import SCHEMES
from tests.support.browser.chromium import lacking, opened, started
from tests.support.grids.sample_pages import make_page
from tests.support.processes import public_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Width, height and the pixels of a screen per CSS pixel.
_SCREENS = {"phone": (390, 844, 2), "desktop": (1440, 900, 1)}
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "grid": {"theme": "paper"},
    "column": {"theme": "meadow", "columns": 1},
}


def main() -> None:
    """Draw all pages into the folder that is named; end with a line to stderr without a browser."""
    if reason := lacking():
        sys.exit(reason)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with database("screenshots"), TemporaryDirectory() as logs, started() as browser:
        owner = User.objects.create(username="library", display_name="Friends of the library")
        for look, fields in _LOOKS.items():
            make_page(owner, LINKS, alias=look, **{**GRID, **fields})
        with public_site(Path(logs)) as process:
            for page in (*(f"g/{look}" for look in _LOOKS), "@library"):
                _draw(browser, f"http://127.0.0.1:{process.port}/{page}", folder)


def _draw(browser: Browser, address: str, folder: Path) -> None:
    name = address.rpartition("/")[2].replace("@library", "profile")
    for (screen, (width, height, scale)), scheme in product(_SCREENS.items(), SCHEMES):
        options = {"device_scale_factor": scale, "color_scheme": scheme}
        page = opened(browser, width=width, height=height, **options)
        page.goto(address)
        suffix = "-dark" if scheme == "dark" else ""
        page.screenshot(path=folder / f"{name}-{screen}{suffix}.png")
        page.context.close()


if __name__ == "__main__":
    main()
