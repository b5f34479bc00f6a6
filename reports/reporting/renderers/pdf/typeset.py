"""Sets a report as PDF: `python -m reports.reporting.renderers.pdf.typeset`, a process of its own.

Whatever a document does to it, the worker that asked stays: this one has a limit of memory and may be
killed. In comes a `Job` as JSON; out goes a PDF, or a line on stderr and a status that is not 0. It knows no
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
# Longer than anybody waits.
_SECONDS = 90
_MISSING = re.compile(r'the text `"(.*)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
# A font may do without characters that only join others or say how they look.
_SILENT = {"Cf", "Mn", "Me"}
# A line may end here: the zero-width space.
_LINE_END = "\u200b"
# More than once, as what replaces a character may be set in another font.
_TRIES = 3


class Job(TypedDict):
    """`report` is what report.typ reads, without `fonts`; `latin` and `others` are families of these, in the
    order in which they are wanted; `folder` has font files, beside those of the system; `remark` is said if
    no font has a character; `seconds` since 1970 is when it was made."""

    report: dict[str, Any]
    latin: list[str]
    others: list[str]
    folder: str
    remark: str
    seconds: int


def main() -> None:
    """From stdin to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    # A worker that is killed does not end it.
    signal.alarm(_SECONDS)
    job: Job = json.load(sys.stdin.buffer)
    try:
        sys.stdout.buffer.write(typeset(job))
    except typst.TypstError as error:
        sys.exit(str(error.message))


def typeset(job: Job) -> bytes:
    """The PDF, after PDF/UA: that wants a glyph for all text. Where the fonts have none, the number of the
    character is set instead, and a remark says so. What cannot meet the other rules, as an empty heading, is
    set without. Raises TypstError."""
    fonts = typst.Fonts(font_paths=_folders(job["folder"]))
    job["report"]["fonts"] = _families(job, set(fonts.families()))
    compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)
    text, remark = json.dumps(job["report"], ensure_ascii=False), ""
    for _ in range(_TRIES):
        try:
            return _compiled(compiler, text, remark, job["seconds"], "ua-1")
        except typst.TypstError as error:
            missing = _without_glyph(error.diagnostic)
            if not missing:
                break
            remark, text = job["remark"], _numbered(text, missing)
    return _compiled(compiler, text, remark, job["seconds"], "1.7")


def _families(job: Job, there: set[str]) -> list[str]:
    """One for Latin comes first, as those for emoji have digits too, and its substitutes last."""
    latin, others = (
        [each for each in wanted if each in there] for wanted in (job["latin"], job["others"])
    )
    return [*latin[:1], *others, *latin[1:]]


def _folders(folder: str) -> list[str]:
    return [folder] if Path(folder).is_dir() else []


def _compiled(
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
    # Only pictures come as a list, one for each page.
    return cast(bytes, made)


def _without_glyph(diagnostic: str) -> set[str]:
    """What typst could not set: characters, or several that belong together. What is not seen counts if it is
    alone: beside a character without a glyph it has none either, and has one once that is replaced."""
    found = {_ESCAPED.sub(_unescaped, each) for each in _MISSING.findall(diagnostic)} - {""}
    return {each for each in found if not all(map(_is_silent, each))} or found


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2])


def _numbered(text: str, missing: set[str]) -> str:
    """The text with the numbers of the missing characters; the longest first, as it may hold another."""
    for cluster in sorted(missing, key=len, reverse=True):
        text = text.replace(cluster, "".join(_number(cluster)))
    return text


def _number(cluster: str) -> Iterator[str]:
    # Where a line may end is not worth telling.
    cluster = cluster.replace(_LINE_END, "")
    strange = {letter for letter in cluster if not letter.isascii()}
    seen = {letter for letter in strange if not _is_silent(letter)}
    for letter in cluster:
        yield f"{code_point(letter)}{_LINE_END}" if letter in (seen or strange) else letter


def _is_silent(letter: str) -> bool:
    return category(letter) in _SILENT


if __name__ == "__main__":
    main()
