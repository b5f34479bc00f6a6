"""Campaigns are read from the utm_ parameters of a query."""

from __future__ import annotations

import pytest
from django.db.models import CharField
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.text import CONTROL, is_storable
from grids.public.wire import MAX_TEXT
from reports.clicks.enrichment.campaigns import NONE, Campaign, campaign
from reports.models import Click


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            b"utm_source=News&utm_medium=E-Mail&utm_campaign=Spring%20Sale&utm_term=Red+Shoes&utm_content=A",
            Campaign("news", "e-mail", "Spring Sale", "Red Shoes", "A"),
        ),
        (b"?utm_source=x", Campaign("x")),
        (b"a=1&utm_campaign=b&c", Campaign(campaign="b")),
        (b"utm_source=one&utm_source=two", Campaign("one")),
        (b"utm_source=&utm_source=two", Campaign("")),
        (b"utm_source&utm_medium=m", Campaign("", "m")),
        (b"utm_source=a=b", Campaign("a=b")),
        (b"utm_campaign=%C3%BCber%20alles", Campaign(campaign="über alles")),
        (b"utm_campaign=\xc3\xbcber", Campaign(campaign="über")),
        (b"utm_campaign=%ff%fe", Campaign(campaign="\ufffd\ufffd")),
        (b"utm_campaign=\xff", Campaign(campaign="\ufffd")),
        (b"utm_campaign=%ED%A0%80", Campaign(campaign="\ufffd\ufffd\ufffd")),
        (b"utm_campaign=a%00b%0D%0Ac%C2%85d%E2%80%A8", Campaign(campaign="abcd")),
        (b"utm_campaign=100%&utm_term=%2", Campaign(campaign="100%", term="%2")),
        (b"utm_campaign=++a++b++", Campaign(campaign="a  b")),
        (b"utm_source=%C3%9CBER", Campaign("über")),
        (b"utm_campaign=" + b"x" * 300, Campaign(campaign="x" * 255)),
        (b"utm_campaign=" + b"x" * 254 + b"++y", Campaign(campaign="x" * 254)),
        (b"utm_source=" + "İ".encode() * 200, Campaign(("i\u0307" * 128)[:255])),
        # Copied out of HTML, where each "&" is written as "&amp;".
        (
            b"utm_source=news&amp;utm_medium=email&amp;utm_campaign=Spring",
            Campaign("news", "email", "Spring"),
        ),
        (b"a=1&amp;amp;utm_term=t&AMP;utm_content=c", Campaign(term="t", content="c")),
        (b"amp;utm_source=x", Campaign("x")),
        (b"xamp;utm_source=x", NONE),
        (b"UTM_SOURCE=News&UTM_MEDIUM=Email", Campaign("news", "email")),
        (b"Utm_Campaign=Spring&utm_campaign=Autumn", Campaign(campaign="Spring")),
        (b"utm%5Fsource=x&utm%5fMedium=y", Campaign("x", "y")),
        (b"utm_id=1&utm_=2&my_utm_source=4", NONE),
        (b"utm_source_platform=x&xutm_source=y", NONE),
        (b"q=utm_source", NONE),
    ],
)
def test_campaign(query: bytes, expected: Campaign) -> None:
    assert campaign(query) == expected


@pytest.mark.parametrize("query", [b"", b"?", b"a=1&b=2", b"\x00\xff", b"ut_m", b"source=x"])
def test_a_query_without_parameters_is_not_parsed(query: bytes) -> None:
    assert campaign(query) is NONE


LENGTHS = {
    field.name: field.max_length or 0
    for field in Click._meta.fields
    if isinstance(field, CharField)
}
PARAMETERS = st.builds(
    lambda names, values: b"&".join(b"=".join(pair) for pair in zip(names, values, strict=False)),
    st.lists(st.sampled_from([b"utm_" + name.encode() for name in (*Campaign._fields, "x")])),
    st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.text(st.characters(), max_size=300).map(lambda text: text.encode(errors="replace")),
            st.lists(st.integers(0, 255), max_size=99).map(
                lambda numbers: b"".join(b"%%%02x" % number for number in numbers)
            ),
        )
    ),
)


@given(st.one_of(PARAMETERS, st.binary(max_size=MAX_TEXT)))
def test_any_bytes_are_accepted(query: bytes) -> None:
    for name, value in campaign(query)._asdict().items():
        assert len(value) <= LENGTHS[f"utm_{name}"]
        assert is_storable(value)
        assert not CONTROL.search(value)
        assert value == value.strip()
