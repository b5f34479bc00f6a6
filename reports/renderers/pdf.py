"""PDF: pages to print or to send, set by Typst in a process of its own.

They say the same as the page in HTML, in the same words. A table's first rows are in it, and where there are
more it says so: thousands of pages are no report.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import IO, TYPE_CHECKING

from django.conf import settings

from reports.renderers.base import About, NotRendered, Renderer
from reports.renderers.characters import plain
from reports.renderers.pages import pages
from reports.renderers.words import Words
from reports.results.result import Result

if TYPE_CHECKING:
    # Typst itself is for that process alone.
    from reports.renderers.typeset import Job

_SECONDS = 60
_LATIN = ["Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"]
_SCRIPTS = ["Noto Sans Arabic", "Noto Sans Hebrew"]
_HAN = {"zh": "SC", "ja": "JP", "ko": "KR"}
_EMOJI = ["Noto Color Emoji", "Noto Emoji"]
_REMARK = (
    "No font here has some of the characters in this report: each is shown by its number, as [U+4E2D]. "
    "Whoever runs Gridlink can install fonts for most scripts with: make fonts"
)


class TypesettingError(NotRendered):
    """There is no PDF."""


class PdfRenderer(Renderer):
    """Pages, A4 or Letter. Tagged after PDF/UA-1, so that a screen reader finds tables and cells; the same
    result and About give the same bytes with the same fonts."""

    name = "pdf"
    content_type = "application/pdf"

    def extension(self, result: Result) -> str:
        """One document, whatever is in it."""
        return "pdf"

    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """Raises TypesettingError, and as `Words` does."""
        words = Words(locale=about.locale, zone=result.zone)
        job: Job = {
            "report": pages(result, about, words),
            "latin": _LATIN,
            "others": _others(words.language),
            "folder": str(settings.FONTS_DIR),
            "remark": _REMARK,
            "seconds": int(about.made_on.timestamp()),
        }
        out.write(_typeset(job))


def _typeset(job: Job) -> bytes:
    command = [sys.executable, "-m", "reports.renderers.typeset"]
    stdin = json.dumps(job).encode()
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, cwd=settings.BASE_DIR, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingError(f"The PDF took longer than {_SECONDS} s.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = plain(said[-1]) if said else f"status {done.returncode}"
        raise TypesettingError(f"The PDF could not be set: {reason}")
    return done.stdout


def _others(language: str) -> list[str]:
    """Fonts of the scripts that are not Latin. Han characters look as the language has them."""
    first = _HAN.get(language.split("-")[0], "SC")
    regions = sorted(_HAN.values(), key=lambda region: region != first)
    han = [f"Noto Sans {name}" for region in regions for name in (region, f"CJK {region}")]
    return [*_SCRIPTS, *han, *_EMOJI]
