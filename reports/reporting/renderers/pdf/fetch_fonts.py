"""Fetches fonts for reports as PDF: `python -m reports.reporting.renderers.pdf.fetch_fonts`, or `make fonts`.

They are Google's Noto under the SIL Open Font License 1.1, which comes with each; the packaging is MIT.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from gridlink.lib.npm import FetchError, package, place


class Font(NamedTuple):
    """A package and its checksum; `file` is what the names of its files begin with."""

    package: str
    version: str
    integrity: str
    file: str
    styles: tuple[str, ...] = ("400Regular", "700Bold")


FONTS = (
    Font(
        "@expo-google-fonts/noto-sans",
        "0.4.2",
        "sha512-zYD8G2ijWLxqmquoQgghNh/x9p0yxWwArD0oxO1oXY1qx5vOd4t0Kbhnu/Cx8RTy08OgA8RtxuULZFaXwVPnPw==",
        "NotoSans",
    ),
    Font(
        "@expo-google-fonts/noto-sans-arabic",
        "0.4.3",
        "sha512-YvtxyuegxPegu2g5urXJ+gQxRp8i798nQswTmEjwXOWR/fqy0Gvey6h5IoNRBrc43SxRxPezqCiR9ivpfPAXSg==",
        "NotoSansArabic",
    ),
    Font(
        "@expo-google-fonts/noto-sans-hebrew",
        "0.4.1",
        "sha512-NR3vP6GT/hSINLrk4JHJBQnuzh/C1mlMrphNlI2dQaO53a3oTjSRoG4JyYb1B6bHadjsGh0wPZbT4kMJBKjT/w==",
        "NotoSansHebrew",
    ),
    Font(
        "@expo-google-fonts/noto-sans-sc",
        "0.4.3",
        "sha512-9rAwdFTFHbO/u6Cs0gj2jZbW74TGIiaFNQnXYH2s5wA1bzVkwbaviL4t8YUV642eGYjg86eH6DkAEQmfNHDncQ==",
        "NotoSansSC",
    ),
    Font(
        "@expo-google-fonts/noto-sans-jp",
        "0.4.3",
        "sha512-Fl+Z6vtD24HFAYsvzB0S9Nery1ly16B9PesdY0wBd+wEHAvkNglnkTUspU0HqGOubkmoa8zusJrKv6vDx1o70A==",
        "NotoSansJP",
    ),
    Font(
        "@expo-google-fonts/noto-sans-kr",
        "0.4.3",
        "sha512-EVS/uJPcf1TgJtjmQmrFr0oGdcl7ml09CSu0E/AyGzR0UfzdR2pBbzWWPsnuzZiGUl643ODYwYiXK5+B+fLjhQ==",
        "NotoSansKR",
    ),
    Font(
        "@expo-google-fonts/noto-color-emoji",
        "0.4.6",
        "sha512-2pAakFka8eSDCHB5d6NNp/7WrOZAiVYcycOqAbccPd8P8zaWUVfQ0N3y84nNPmhCQT9qzM9bpDi6cgMu6fRKEg==",
        "NotoColorEmoji",
        ("400Regular",),
    ),
)


def fetch(font: Font, folder: Path) -> None:
    """Put a font's files and its licence into the folder, each all of it or none. Raises FetchError."""
    with package(font.package, font.version, font.integrity, what="fonts") as opened:
        for style in font.styles:
            name = f"{font.file}_{style}.ttf"
            place(opened, f"package/{style}/{name}", folder / name)
        place(opened, "package/LICENSE_FONT", folder / f"{font.file}_LICENSE.txt")


def main() -> None:
    """Fetch all to settings.FONTS_DIR; ends the process with a line to stderr when that fails."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    try:
        for font in FONTS:
            fetch(font, settings.FONTS_DIR)
    except FetchError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{len(FONTS)} fonts are in {settings.FONTS_DIR}\n")


if __name__ == "__main__":
    main()
