"""Render reports as PDF pages, with Typst in a process of its own.

They have the texts of the HTML page. Of long tables only the first rows are set, and the page says so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from subprocess import PIPE, Popen, TimeoutExpired
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, TYPE_CHECKING

from django.conf import settings

from reports.reporting.renderers.base import RenderContext, Renderer, RenderError
from reports.reporting.renderers.pdf.document import document
from reports.reporting.renderers.text.control_characters import plain_text
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.result import Result

if TYPE_CHECKING:
    # Only the other process imports Typst itself.
    from reports.reporting.renderers.pdf.typeset import Job

_SECONDS = 60
_POLL_SECONDS = 0.1
_LATIN = ["Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"]
_SCRIPTS = ["Noto Sans Arabic", "Noto Sans Hebrew"]
_HAN = {"zh": "SC", "ja": "JP", "ko": "KR"}
_EMOJI = ["Noto Color Emoji", "Noto Emoji"]


class TypesettingError(RenderError):
    """Report that no PDF could be made."""


class PdfRenderer(Renderer):
    """Render pages, tagged after PDF/UA-1, so that screen readers find tables and cells.

    The same result and context give the same bytes with the same fonts.
    """

    name = "pdf"
    content_type = "application/pdf"

    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write the PDF; raises TypesettingError, and as `Localizer` does."""
        localizer = Localizer(locale=context.locale, zone=result.zone)
        job: Job = {
            "report": document(result, context, localizer),
            "latin": _LATIN,
            "others": _other_fonts(localizer.reader_language),
            "folder": str(settings.FONTS_DIR),
            "remark": localizer.labels.no_font,
            "seconds": int(context.made_on.timestamp()),
        }
        out.write(_typeset(job, self.check_cancelled))


def _typeset(job: Job, check_cancelled: Callable[[], None]) -> bytes:
    """Run the process; it is killed and reaped before any exception leaves."""
    command = [sys.executable, "-m", "reports.reporting.renderers.pdf.typeset"]
    with TemporaryFile() as stdin:
        # Not a pipe: once `communicate` timed out, it would not send what a pipe had no room for.
        stdin.write(json.dumps(job).encode())
        stdin.seek(0)
        child = Popen(command, stdin=stdin, stdout=PIPE, stderr=PIPE, cwd=settings.BASE_DIR)
    with child:
        try:
            made, errors = _communicate(child, check_cancelled)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        lines = errors.decode(errors="replace").strip().splitlines()
        reason = plain_text(lines[-1]) if lines else f"status {child.returncode}"
        raise TypesettingError(f"The PDF could not be set: {reason}")
    return made


def _communicate(child: Popen[bytes], check_cancelled: Callable[[], None]) -> tuple[bytes, bytes]:
    """Return stdout and stderr; raises TypesettingError, and what `check_cancelled` raises."""
    end = monotonic() + _SECONDS
    while True:
        check_cancelled()
        try:
            return child.communicate(timeout=min(_POLL_SECONDS, _SECONDS))
        except TimeoutExpired as error:
            if monotonic() > end:
                raise TypesettingError(f"The PDF took longer than {_SECONDS} s.") from error


def _other_fonts(language: str) -> list[str]:
    """Return fonts of other scripts; Han characters look as the language has them."""
    first = _HAN.get(language.split("-")[0], "SC")
    regions = sorted(_HAN.values(), key=lambda region: region != first)
    han = [f"Noto Sans {name}" for region in regions for name in (region, f"CJK {region}")]
    return [*_SCRIPTS, *han, *_EMOJI]
