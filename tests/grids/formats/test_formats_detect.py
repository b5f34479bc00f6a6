"""Test that each file is recognised by its content, by one reader only."""

from __future__ import annotations

import io

import pytest

from grids.formats.base import SNIFF_BYTES, FormatError
from grids.formats.registry import READERS, choose_reader
from tests.support.grids.link_files import SAMPLES

# A table is a table, whoever wrote it.
ALSO = {"pocket": {"csv"}}
# These are read as well if somebody says so, but not taken for it.
LIKE = ALSO | {"wallabag": {"omnivore"}, "omnivore": {"wallabag"}}


@pytest.mark.parametrize(
    ("source", "text"), [each[1:] for each in SAMPLES], ids=[each[0] for each in SAMPLES]
)
class TestSample:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_is_known(self, source: str, text: str, encoding: str) -> None:
        head = text.encode(encoding)[:SNIFF_BYTES]
        knowing = {name for name, reader in READERS.items() if reader.sniff(head)}
        assert knowing == {source} | ALSO.get(source, set())
        assert type(choose_reader("auto", head)) is READERS[source]

    def test_is_known_behind_white_space(self, source: str, text: str) -> None:
        assert choose_reader("auto", f"\r\n \n{text}".encode()).source == source

    def test_is_refused_as_another(self, source: str, text: str) -> None:
        for other in READERS.keys() - {source} - LIKE.get(source, set()):
            with pytest.raises(FormatError):
                list(READERS[other]().read(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b" \n",
        b"\x00\x01\x02" * 1000,
        bytes(range(256)) * 300,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 5000,
        b"PK\x03\x04" + b"\xff" * 5000,
        b'{"a": 1}',
        b'{"links": []}',
        b"[]",
        b'[{"url": "https://a.example/"}]',
        b'{"url": "https://a.example/"}\n',
        b"name,phone\nAnn,1\n",
        b"https://a.example/\nhttps://b.example/\n",
        b"<html><body>Hello</body></html>",
        b'"url',
    ],
)
def test_other_files_are_known_to_none(head: bytes) -> None:
    assert not [name for name, reader in READERS.items() if reader.sniff(head)]
    message = (
        "The file is of none of the formats that can be imported:"
        " csv, linkstack, linkwarden, netscape, omnivore, pocket, wallabag."
    )
    if head.startswith(b"PK"):
        message = "The file is a ZIP archive: unpack it and import the file in it."
    with pytest.raises(FormatError) as raised:
        choose_reader("auto", head)
    assert str(raised.value) == message
