"""The preferred language is read from Accept-Language headers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.public.wire import MAX_TEXT
from reports.clicks.enrichment.languages import language


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        (b"de", "de"),
        (b"DE-at", "de"),
        (b"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"),
        (b"en;q=0.7, fr;q=0.9, de;q=0.8", "fr"),
        (b"en;q=0.5,fr;q=0.5", "en"),
        (b"en;q=0.5,fr", "fr"),
        (b"en;q=1.0,fr;q=1", "en"),
        (b"fr ; Q = .8 , en;q=0.123456", "fr"),
        (b"zh-Hans-CN", "zh"),
        (b"gsw-CH,de;q=0.9", "gsw"),
        (b"en_GB", "en"),
        (b"en;q=7,fr;q=1", "fr"),
        (b"en;q=1.5,fr", "en"),
        (b"en;q=0,fr;q=0.1", "fr"),
        (b"de;q=x,fr;q=0.1", "fr"),
        (b",,en", "en"),
        (b"en;q=0.1" + b",fr;q=0.2" * 500, "fr"),
        (b"", ""),
        (b"*", ""),
        (b"*,en;q=0.5", ""),
        (b"en;q=0.5,*;q=0.1", "en"),
        (b"en;q=0", ""),
        (b"x-klingon", ""),
        (b"i-default", ""),
        (b"english", ""),
        (b"e1", ""),
        (b"\xc3\xa9\xc3\xa8", ""),
        (b"en\x00", ""),
        (b"-en", ""),
        (b";q=1", ""),
        (b"en;q=nan", ""),
        (b"en;q=1e9", ""),
        (b"a" * 1024, ""),
        (b"en;q=0.1" + b",x" * 31 + b",fr", ""),
    ],
)
def test_language(raw: bytes, tag: str) -> None:
    assert language(raw) == tag


USER_AGENTS = st.lists(st.text("dexX-_*;q=.019 \x00é", max_size=20), max_size=60).map(
    lambda items: ",".join(items).encode()
)


@given(st.one_of(USER_AGENTS, st.binary(max_size=MAX_TEXT)))
def test_any_bytes_are_accepted(raw: bytes) -> None:
    assert re.fullmatch("([a-z]{2,3})?", language(raw))
