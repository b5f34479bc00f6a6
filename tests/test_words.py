"""The code speaks in the field's words: docstrings begin with what a thing does, and no word is private."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.test_architecture import ROOT, found, product_files

FIRST_LINE_WORDS = 15
# How first lines begin that describe instead of saying what to expect of a call; the imperative mood of
# functions is checked by ruff (D401).
NOT_IMPERATIVE = frozenset(
    re.findall(
        r"\w+",
        """
    a all also an and any as asks at before between both by called clicks counts each every exports fetches
    files finds for four from gives grids here holds how in it its jobs keeps links makes no none not nothing
    of on one only puts raises reads reports returns routes rows runs says sends shows so some stands takes
    tells that the their there these they this those three to true turns two until views what when where
    whether which who whoever whose why with without words writes
    """,
    )
)
# Words that meant something here only, and what the field calls it.
PRIVATE = {
    "wish": "query, spec, request",
    "wishes": "queries",
    "doorbell": "publisher",
    "ringer": "publisher",
    "ring": "publish",
    "rings": "publishes",
    "heart": "heartbeat",
    "pump": "dispatcher",
    "seal": "encrypt",
    "seals": "encrypts",
    "sealed": "encrypted",
    "parcel": "entry",
    "parcels": "entries",
    "told": "reported, written",
    "fate": "action, outcome",
    "house": "project",
    "spot": "key",
    "spots": "keys",
    "shade": "key",
    "shades": "keys",
    "mended": "repaired",
    "mend": "repair",
    "mends": "repairs",
    "unheard": "stalled",
}
# Words that are plain in a sentence, and say too little as a part of a name.
PRIVATE_NAMES = {"tells", "asking", "judge", "spare", "errand"}
# What is stored or named outside under such a word.
KEPT = re.compile(r"\bring[_-]canaries\b")


def first_line_problems(docstring: str) -> Iterator[str]:
    """What is wrong with how a docstring begins."""
    line = docstring.partition("\n")[0].strip()
    words = line.split()
    if len(words) > FIRST_LINE_WORDS:
        yield f"{len(words)} words"
    if not line.endswith("."):
        yield "its sentence does not end in its first line"
    first = words[0].strip("`,.:;").lower() if words else ""
    if first in NOT_IMPERATIVE or not line[:1].isalpha():
        yield "does not begin with an imperative"


def bad_docstrings(tree: ast.Module) -> Iterator[str]:
    """Every docstring whose first line breaks the rule."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            for problem in first_line_problems(docstring) if docstring else ():
                yield f"{getattr(node, 'name', 'module')}: {problem}"


def private_words(source: str) -> Iterator[str]:
    """Private words in identifiers, comments and texts, with their lines."""
    for number, line in enumerate(source.splitlines(), 1):
        for word in words_of(KEPT.sub("", line)):
            if word in PRIVATE:
                yield f"line {number}: {word}"
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        for word in words_of(token.string) if token.type == tokenize.NAME else ():
            if word in PRIVATE_NAMES:
                yield f"line {token.start[0]}: {token.string}"


def words_of(text: str) -> list[str]:
    """The words in a text, in lower case, and in names like `new_job` and `NewJob`."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)]


def test_docstrings_begin_with_what_a_thing_does() -> None:
    assert found(bad_docstrings) == []


def test_no_word_is_private() -> None:
    sources = {path: (ROOT / path).read_text() for path in product_files()}
    words = {path: list(private_words(source)) for path, source in sources.items()}
    assert {path: lines for path, lines in words.items() if lines} == {}
    assert {path for path in sources if PRIVATE.keys() & set(words_of(path))} == set()


@pytest.mark.parametrize(
    ("docstring", "problems"),
    [
        ("Return the job.", 0),
        ("Return the job\nof a user.", 1),
        ("Return " + "very " * 13 + "much.", 0),
        ("Return " + "very " * 14 + "much.", 1),
        ("The job.", 1),
        ("Raises NotFound.", 1),
        ("`params` of the job", 2),
    ],
)
def test_the_rule_for_first_lines(docstring: str, problems: int) -> None:
    assert len(list(first_line_problems(docstring))) == problems


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class ExportWish: pass", ["line 1: wish"]),
        ("x = 1\nis_told = WISH_LIST", ["line 2: told", "line 2: wish"]),
        ("# the doorbell", ["line 1: doorbell"]),
        ("def tells_all(): pass  # judge", ["line 1: tells_all"]),
        ("string = measuring(heartbeat, rung_on)", []),
    ],
)
def test_private_words_are_seen(source: str, words: list[str]) -> None:
    assert list(private_words(source)) == words
