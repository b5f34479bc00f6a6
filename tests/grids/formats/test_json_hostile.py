"""Test broken, huge and malicious JSON: every item is a link or a problem."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grids.formats import json_items
from grids.formats.base import Entry, FileProblem, FormatError, LinkEntry
from grids.formats.json_stream import VALUE_CHARS, JsonStream
from grids.formats.registry import READERS
from tests.support.grids.link_files import SAMPLES

MIB = 1024 * 1024
SOURCES = ("linkstack", "linkwarden", "omnivore", "wallabag")
LINK = '{"url": "https://a.example/", "title": "t"}'


class LazyFile(io.RawIOBase):
    """A file that is made up while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def read(source: str, text: str | bytes) -> list[Entry]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(READERS[source]().read(io.BytesIO(data)))


def refusal(source: str, text: str | bytes) -> str:
    with pytest.raises(FormatError) as raised:
        read(source, text)
    return str(raised.value)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty_files(source: str, data: bytes) -> None:
    assert refusal(source, data) == "The file is empty."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "The file is broken JSON near line 1: [ is missing."),
        ("[", "The file is broken JSON near line 1: it breaks off."),
        (f"[{LINK}", "The file is broken JSON near line 1: it breaks off."),
        (f"[{LINK},\n{LINK[:9]}", "The file is broken JSON near line 2: unterminated string"),
        (f"[{LINK}\n{LINK}]", "The file is broken JSON near line 2: , is missing."),
        (f"[{LINK},\n]", "The file is broken JSON near line 2: expecting value."),
        (f"[{LINK}]\n[]", "The file is broken JSON near line 2: something follows the end."),
        ("[tru]", "The file is broken JSON near line 1: expecting value."),
        ('[{"a" 1}]', "The file is broken JSON near line 1: expecting ':' delimiter."),
        ("[{'url': 1}]", "The file is broken JSON near line 1: expecting property name"),
        ("[NaN]", "The file holds NaN, which is not JSON."),
        ("[-Infinity]", "The file holds -Infinity, which is not JSON."),
        ("[" * 100_000, "The file holds lists or objects nested too deep."),
        ('[{"a":' * 50_000, "The file holds lists or objects nested too deep."),
        (f"[{'9' * 5000}]", "The file holds a number that is too long."),
        ('[{"url": "x", "url": "y"}]', 'An object of the file has two values named "url".'),
    ],
)
def test_broken_files(text: str, sentence: str) -> None:
    assert refusal("omnivore", text).startswith(sentence)


def test_a_value_may_be_as_long_as_is_said() -> None:
    text = f'[\n"{"a" * (VALUE_CHARS - 2)}"]'
    assert read("omnivore", text) == [FileProblem(1, "an item is not an object")]
    assert refusal("omnivore", text.replace("aa", "aaa", 1)) == (
        "The value that begins near line 2 is longer than 4194304 characters."
    )


def test_names_that_come_twice_on_top() -> None:
    text = '{"links": [], "links": []}'
    assert refusal("linkstack", text) == 'An object of the file has two values named "links".'


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("linkstack", 'The file is not of LinkStack: it has no list named "links".'),
        ("linkwarden", 'The file is not of Linkwarden: it has no list named "collections".'),
    ],
)
def test_objects_of_another_kind(source: str, sentence: str) -> None:
    assert refusal(source, '{"a": [1, {"b": 2}], "c": null}') == sentence


def test_unfit_characters() -> None:
    raw = b'[{"url": "https://a.example/", "title": "a\x07\xe9\\u0000\\ud800"}]'
    [link] = read("omnivore", raw)
    assert isinstance(link, LinkEntry)
    assert link.title == "aé"
    assert link.problems == (
        "bytes that are not UTF-8 were read as Windows-1252",
        "NUL characters were removed",
        "control characters were removed",
    )


def test_links_that_are_held_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "HELD_CHARS", 3_000)
    item = '{"link": "https://a.example/"}'
    assert len(read("linkstack", f'{{"links": [{",".join([item] * 5)}]}}')) == 5
    assert refusal("linkstack", f'{{"links": [{",".join([item] * 6)}]}}') == (
        "The file holds more than 3000 characters of links."
    )


def test_memory_is_that_of_an_item() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"["
        for _ in range(50):
            yield (f'{{"url": "https://a.example/", "content": "{"c" * MIB}"}},').encode()
        yield b"0]"

    tracemalloc.start()
    try:
        entries = list(READERS["wallabag"]().read(LazyFile(pieces())))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 10 * MIB
    finally:
        tracemalloc.stop()
    assert len(entries) == 52


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = {
    "linkstack": ("link", "title", "click_number", "order", "button_id", "created_at", "id"),
    "linkwarden": ("url", "name", "description", "tags", "createdAt", "importDate", "id"),
    "omnivore": ("url", "title", "description", "labels", "savedAt", "state", "id", "slug"),
    "wallabag": ("url", "title", "tags", "created_at", "is_archived", "is_starred", "id"),
}
WRAPPED = {
    "linkstack": '{{"links": {0}}}',
    "linkwarden": '{{"collections": [{{"name": "c", "links": {0}}}]}}',
    "omnivore": "{0}",
    "wallabag": "{0}",
}


@pytest.mark.parametrize("source", SOURCES)
@given(st.data())
def test_every_item_is_a_link_or_a_problem(source: str, data: st.DataObject) -> None:
    fields = st.dictionaries(st.sampled_from(FIELDS[source]), json_values)
    items = data.draw(st.lists(fields | json_values, max_size=8))
    entries = read(source, WRAPPED[source].format(json.dumps(items)))
    results = [entry for entry in entries if isinstance(entry, LinkEntry | FileProblem)]
    assert sorted(entry.line for entry in results if entry.line) == list(range(1, len(items) + 1))


@given(json_values, st.integers(1, 9))
@example(1e16, 2)
@example([1.5, -2e-7, True, None, "\u2028😀"], 1)
def test_pieces_make_no_difference(value: Any, size: int) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        stream = JsonStream(text[start : start + size] for start in range(0, len(text), size))
        assert stream.value() == value
        stream.end()


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.binary(max_size=200), cut=st.integers(0, 999), at=st.integers(0, 999))
def test_no_bytes_upset_the_readers(source: str, data: bytes, cut: int, at: int) -> None:
    sample = next(text for _, name, text in SAMPLES if name == source).encode()
    spoilt = sample[:at] + data + sample[at + cut :]
    for each in (data, spoilt, sample[:cut]):
        READERS[source].sniff(each)
        with suppress(FormatError):
            read(source, each)
