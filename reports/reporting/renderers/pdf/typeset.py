"""Typeset a report as PDF: `python -m reports.reporting.renderers.pdf.typeset`, a process of its own.

A document that takes too much memory or time ends this process and not the worker. It reads a `Job` as JSON
from stdin and writes a PDF to stdout, or a line to stderr with a status that is not 0. It does not import
Django, so that it starts at once.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypedDict, cast
from unicodedata import category

import typst

from reports.reporting.renderers.text.control_characters import code_point

TEMPLATE = Path(__file__).with_name("report.typ")
_BYTES = 2 * 1024**3
# Longer than the renderer waits.
_SECONDS = 90
_MISSING = re.compile(r'the text `"(.*)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
# Format characters and marks: a font may lack them.
_INVISIBLE = {"Cf", "Mn", "Me"}
_ZERO_WIDTH_SPACE = "\u200b"
# More than once, since what replaces a character may be set in another font.
_TRIES = 3


class Job(TypedDict):
    """Describe a document to typeset.

    `report` is what report.typ reads, except `fonts`; `latin` and `others` are font families in order of
    preference; `folder` has font files besides those of the system; `remark` is shown if no font has a
    character; `seconds` since 1970 is the time of creation.
    """

    report: dict[str, Any]
    latin: list[str]
    others: list[str]
    folder: str
    remark: str
    seconds: int


def main() -> None:
    """Typeset the job from stdin to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    # Ends the process even if the worker was killed.
    signal.alarm(_SECONDS)
    job: Job = json.load(sys.stdin.buffer)
    try:
        sys.stdout.buffer.write(typeset(job))
    except typst.TypstError as error:
        sys.exit(str(error.message))


def typeset(job: Job) -> bytes:
    """Return the PDF, after PDF/UA where possible.

    PDF/UA requires a glyph for all text: where the fonts have none, the code point of the character is set
    and a remark says so. What breaks its other rules, such as an empty heading, is set as PDF 1.7. Raises
    TypstError.
    """
    folders = [job["folder"]] if Path(job["folder"]).is_dir() else []
    fonts = typst.Fonts(font_paths=folders)
    job["report"]["fonts"] = _families(job, set(fonts.families()))
    compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)
    text, remark = json.dumps(job["report"], ensure_ascii=False), ""
    for _ in range(_TRIES):
        try:
            return _compile(compiler, text, remark, job["seconds"], "ua-1")
        except typst.TypstError as error:
            missing = _without_glyph(error.diagnostic)
            if not missing:
                break
            remark, text = job["remark"], _replace_by_code_points(text, missing)
    return _compile(compiler, text, remark, job["seconds"], "1.7")


def _families(job: Job, installed: set[str]) -> list[str]:
    """Order the installed fonts: Latin first, since emoji fonts have digits too."""
    latin, others = (
        [each for each in wanted if each in installed] for wanted in (job["latin"], job["others"])
    )
    return [*latin[:1], *others, *latin[1:]]


def _compile(
    compiler: typst.Compiler,
    report: str,
    remark: str,
    seconds: int,
    standard: Literal["ua-1", "1.7"],
) -> bytes:
    inputs = {"report": report, "remark": remark}
    made = compiler.compile(
        format="pdf", sys_inputs=inputs, timestamp=seconds, pdf_standards=standard
    )
    # Only images are returned as a list.
    return cast(bytes, made)


def _without_glyph(diagnostic: str) -> set[str]:
    """Return the characters or clusters that Typst could not set.

    Invisible characters count only if there are no others: beside a character without a glyph they have none
    either, and have one once that is replaced.
    """
    found = {_ESCAPED.sub(_unescape, each) for each in _MISSING.findall(diagnostic)} - {""}
    return {each for each in found if not all(map(_is_invisible, each))} or found


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2])


def _replace_by_code_points(text: str, missing: set[str]) -> str:
    """Replace the missing characters, longest first, since a cluster may contain another."""
    for cluster in sorted(missing, key=len, reverse=True):
        text = text.replace(cluster, "".join(_code_points(cluster)))
    return text


def _code_points(cluster: str) -> Iterator[str]:
    cluster = cluster.replace(_ZERO_WIDTH_SPACE, "")
    foreign = {letter for letter in cluster if not letter.isascii()}
    visible = {letter for letter in foreign if not _is_invisible(letter)}
    for letter in cluster:
        is_replaced = letter in (visible or foreign)
        yield f"{code_point(letter)}{_ZERO_WIDTH_SPACE}" if is_replaced else letter


def _is_invisible(letter: str) -> bool:
    return category(letter) in _INVISIBLE


if __name__ == "__main__":
    main()
