"""Fetch fonts for PDF: `python -m reports.reporting.renderers.pdf.fetch_fonts`, or `make fonts`.

They are Google's Noto under the SIL Open Font License 1.1, which comes with each; the packaging is MIT.
`fonts.json` pins their packages.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from gridlink.lib.npm import FetchError, package, place


class Font(NamedTuple):
    """Name a package, its checksum and styles; `file` is the prefix of its file names."""

    package: str
    version: str
    integrity: str
    file: str
    styles: Sequence[str] = ("400Regular", "700Bold")


FONTS = [Font(**each) for each in json.loads(Path(__file__).with_name("fonts.json").read_text())]


def fetch(font: Font, folder: Path) -> None:
    """Put a font's files and license into the folder, each atomically; raises FetchError."""
    with package(font.package, font.version, font.integrity, what="fonts") as opened:
        for style in font.styles:
            name = f"{font.file}_{style}.ttf"
            place(opened, f"package/{style}/{name}", folder / name)
        place(opened, "package/LICENSE_FONT", folder / f"{font.file}_LICENSE.txt")


def main() -> None:
    """Fetch all fonts to settings.FONTS_DIR; exits with a line to stderr if that fails."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    try:
        for font in FONTS:
            fetch(font, settings.FONTS_DIR)
    except FetchError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{len(FONTS)} fonts are in {settings.FONTS_DIR}\n")


if __name__ == "__main__":
    main()
