"""Bots are detected by their header and by how they request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from crawlerdetect import CrawlerDetect
from crawlerdetect.providers.crawlers import data as crawlers
from hypothesis import example, given
from hypothesis import strategies as st

from grids.public.wire import MAX_TEXT, Flag
from reports.clicks.enrichment.bots import RULES_VERSION, agent_reason, request_reason
from reports.models import UserAgent
from tests.support.reports.useragents import USER_AGENTS, Header

# Reasons and headers, of what is no browser, or is hard to tell from one.
AGENTS_BY_REASON = [
    line.split("\t")
    for line in Path(__file__).with_name("agents_by_reason.tsv").read_text("utf-8").splitlines()
]
REASONS = {
    *("", "empty", "previewer", "headless", "scanner", "monitor", "library", "crawler"),
    "no_browser",
}


@pytest.mark.parametrize("header", USER_AGENTS, ids=lambda header: header.text)
def test_real_headers(header: Header) -> None:
    assert agent_reason(header.text) == header.reason.replace("person", "")
    assert agent_reason(f" {header.text}\t") == agent_reason(header.text)


@pytest.mark.parametrize(("reason", "text"), AGENTS_BY_REASON)
def test_what_names_no_browser_is_no_person(reason: str, text: str) -> None:
    assert (agent_reason(text) or "person") == reason


def test_the_examples_have_bots_and_people() -> None:
    people = sum(header.reason == "person" for header in USER_AGENTS)
    assert people >= 55
    assert len(USER_AGENTS) - people >= 55


def test_every_crawler_of_crawlerdetect_is_a_bot() -> None:
    """Its patterns run on another engine here, which must find as many; of people, one app is excepted."""
    detect = CrawlerDetect()
    for header in USER_AGENTS:
        if header.reason in {"person", "crawler"}:
            is_crawler = header.reason == "crawler" or "Slack_SSB/" in header.text
            assert detect.is_crawler(header.text) is is_crawler, header.text
    plain = [each for each in crawlers if re.fullmatch(r"[\w ]+", each)]
    texts = [f"Mozilla/5.0 (compatible; {each} x) Gecko/20100101" for each in plain[::8]]
    for text in [*texts, *map(str.upper, texts)]:
        assert bool(agent_reason(text)) is detect.is_crawler(text), text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t\r\n", "empty"),
        ("Yandex", "crawler"),
        ("YandexSearch", "no_browser"),
        ("YandexSearch Firefox/3.6", ""),
        ("Mozilla/5.0 (compatible)", "no_browser"),
        ("Mozilla/5.0", "no_browser"),
        ("x", "no_browser"),
        ("CURL/8.0", "library"),
        ("\ud800", "no_browser"),
        ("\ud800 Googlebot", "crawler"),
        ("curl/8\x00", "library"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Tumblr/iPhone/39.4", ""),
        ("Mozilla/5.0 (X11) XHeadlessChrome/1", "headless"),
    ],
)
def test_unusual_headers(text: str, reason: str) -> None:
    assert agent_reason(text) == reason


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (0, ""),
        (Flag.HEAD, "head"),
        (Flag.PREFETCH, "prefetch"),
        (Flag.HEAD | Flag.PREFETCH, "head"),
        (Flag.DO_NOT_TRACK, ""),
        (Flag.DO_NOT_TRACK | Flag.HEAD, "head"),
        (Flag.DO_NOT_TRACK | Flag.PREFETCH, "prefetch"),
        (7, "head"),
        (8, ""),
    ],
)
def test_request_flags(flags: int, reason: str) -> None:
    assert request_reason(int(flags)) == reason


def test_the_version_fits_its_column() -> None:
    assert 1 <= RULES_VERSION <= 32_767


@given(st.text(st.characters(), max_size=MAX_TEXT))
@example("a" * MAX_TEXT)
def test_any_text_is_accepted(text: str) -> None:
    assert agent_reason(text) in REASONS


@given(st.binary(max_size=MAX_TEXT))
def test_any_bytes_are_accepted(raw: bytes) -> None:
    for text in (raw.decode("latin-1"), raw.decode(errors="surrogateescape")):
        reason = agent_reason(text)
        assert reason in REASONS
        assert len(reason) <= (UserAgent._meta.get_field("bot_reason").max_length or 0)


@given(st.integers())
def test_any_flags_are_accepted(flags: int) -> None:
    assert request_reason(flags) in {"", "head", "prefetch"}
