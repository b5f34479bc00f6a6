"""Browser, system and device are read from headers."""

from __future__ import annotations

import pytest
from django.db.models import CharField
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.text import CONTROL, is_storable
from grids.public.wire import MAX_TEXT
from reports.clicks.enrichment.useragents import Agent, describe
from reports.models import UserAgent
from tests.support.reports.useragents import USER_AGENTS, Header

LENGTHS = {
    field.name: field.max_length or 0
    for field in UserAgent._meta.fields
    if isinstance(field, CharField)
}
DEVICES = {"", "desktop", "mobile", "tablet", "bot", "tv", "other"}


@pytest.mark.parametrize("header", USER_AGENTS, ids=lambda header: header.text)
def test_real_headers(header: Header) -> None:
    assert describe(header.text) == Agent(header.browser, header.os, header.device)


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("", Agent("", "", "")),
        (" \x00\t", Agent("", "", "bot")),
        ("nothing known", Agent("", "", "bot")),
        ("\ud83d", Agent("", "", "bot")),
        (
            "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537 after-dinner",
            Agent("Android", "Android", "tablet"),
        ),
        ("curl/8.4.0", Agent("curl", "", "bot")),
        (
            "Mozilla/5.0 (Windows NT 10.0; rv:1.0) Gecko/1 Fire\ud800fox/1",
            Agent("", "Windows", "desktop"),
        ),
    ],
)
def test_unusual_headers(text: str, agent: Agent) -> None:
    assert describe(text) == agent


def assert_kept(agent: Agent) -> None:
    for name, value in agent._asdict().items():
        assert len(value) <= LENGTHS[name]
        assert is_storable(value)
        assert not CONTROL.search(value)
        assert value == value.strip()
    assert agent.device in DEVICES
    assert "Other" not in agent


@given(st.binary(max_size=MAX_TEXT))
def test_any_bytes_are_accepted(raw: bytes) -> None:
    assert_kept(describe(raw.decode("latin-1")))
    assert_kept(describe(raw.decode(errors="surrogateescape")))


@given(
    st.sampled_from(
        ["Mozilla/5.0 (Linux; Android 9; {}) Chrome/1.0", "{}/1.0 (iPhone)", "{}Bot/2"]
    ),
    st.text(st.characters(), max_size=300),
)
def test_any_names_are_accepted(pattern: str, text: str) -> None:
    assert_kept(describe(pattern.format(text)))
