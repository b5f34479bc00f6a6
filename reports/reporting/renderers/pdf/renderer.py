"""PDF: pages to print or to send, set by Typst in a process of its own.

They say the same as the page in HTML, in the same words. A table's first rows are in it, and where there are
more it says so: thousands of pages are no report.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from subprocess import PIPE, Popen, TimeoutExpired
from time import monotonic
from typing import IO, TYPE_CHECKING

from django.conf import settings

from reports.reporting.renderers.base import About, NotRendered, Renderer
from reports.reporting.renderers.pdf.document import pages
from reports.reporting.renderers.text.control_characters import plain
from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.result import Result

if TYPE_CHECKING:
    # Typst itself is for that process alone.
    from reports.reporting.renderers.pdf.typeset import Job

_SECONDS = 60
_GLANCE = 0.1
_LATIN = ["Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"]
_SCRIPTS = ["Noto Sans Arabic", "Noto Sans Hebrew"]
_HAN = {"zh": "SC", "ja": "JP", "ko": "KR"}
_EMOJI = ["Noto Color Emoji", "Noto Emoji"]


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
            "others": _others(words.reader),
            "folder": str(settings.FONTS_DIR),
            "remark": words.phrases.no_font,
            "seconds": int(about.made_on.timestamp()),
        }
        out.write(_typeset(job, self.watch))


def _typeset(job: Job, watch: Callable[[], None]) -> bytes:
    """A process that is not wanted any longer is ended, and waited for, before anything is raised."""
    command = [sys.executable, "-m", "reports.reporting.renderers.pdf.typeset"]
    with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=settings.BASE_DIR) as child:
        try:
            made, errors = _awaited(child, json.dumps(job).encode(), watch)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        said = errors.decode(errors="replace").strip().splitlines()
        reason = plain(said[-1]) if said else f"status {child.returncode}"
        raise TypesettingError(f"The PDF could not be set: {reason}")
    return made


def _awaited(child: Popen[bytes], stdin: bytes, watch: Callable[[], None]) -> tuple[bytes, bytes]:
    """What it wrote to stdout and stderr. Raises TypesettingError, and what `watch` raises."""
    end = monotonic() + _SECONDS
    left: bytes | None = stdin
    while True:
        watch()
        try:
            return child.communicate(left, timeout=min(_GLANCE, _SECONDS))
        except TimeoutExpired as error:
            # It has been taken, and goes on being sent.
            left = None
            if monotonic() > end:
                raise TypesettingError(f"The PDF took longer than {_SECONDS} s.") from error


def _others(language: str) -> list[str]:
    """Fonts of the scripts that are not Latin. Han characters look as the language has them."""
    first = _HAN.get(language.split("-")[0], "SC")
    regions = sorted(_HAN.values(), key=lambda region: region != first)
    han = [f"Noto Sans {name}" for region in regions for name in (region, f"CJK {region}")]
    return [*_SCRIPTS, *han, *_EMOJI]
