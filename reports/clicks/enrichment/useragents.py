"""Read browser, system and device of a User-Agent header by ua-parser's rules."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ua_parser import OS, Domain, Resolver, UserAgent, load_lazy_builtins

from gridlink.lib.text import CONTROL
from reports.clicks.enrichment.bots import agent_reason
from reports.clicks.enrichment.patterns import first_of, resolver

# As long as the columns of reports.models.click.UserAgent.
_FAMILY = 64
# The first match names the device. On Android, a browser that does not say "Mobile" is a tablet's.
_device_of = first_of(
    [
        ("tv", r"smart-?tv|hbbtv|apple ?tv|google ?tv|android tv|web0s|netcast|bravia|crkey|roku"),
        ("tv", r"\b(?-i:AFT[A-Z0-9]+)\b|opera tv|viera|tizen[^)]*\btv\b|\bTV Safari"),
        ("other", r"playstation|xbox|nintendo|quest [0-9]|oculus|\bwatch|tesla/"),
        ("tablet", r"ipad|tablet|kindle|silk/|playbook|\bnook|\bSM-[TX][0-9]"),
        ("mobile", r"iphone|ipod|mobi|phone|opera mini|blackberry|bb10|symbian|series[ 46]0|j2me"),
        ("mobile", r"midp|nokia|ucweb|up\.browser|docomo|kaios"),
        ("tablet", r"android"),
        ("desktop", r"windows|win64|macintosh|mac os|x11|cros|linux"),
    ]
)


class Agent(NamedTuple):
    """Hold names without versions, at most 64 characters; '' when unknown.

    `device` is 'desktop', 'mobile', 'tablet', 'tv', 'bot', or 'other' for a known device of another kind.
    """

    browser: str
    os: str
    device: str


_NOTHING = Agent("", "", "")


def describe(user_agent: str) -> Agent:
    """Return what the header says; the device of a bot (`bots.agent_reason`) is 'bot'. Never raises."""
    text = user_agent.encode(errors="replace").decode().strip()
    if not text:
        return _NOTHING
    found = _resolver()(text, Domain.USER_AGENT | Domain.OS)
    browser = _family(found.user_agent)
    os = _family(found.os)
    return Agent(browser, os, _device(text, is_known=bool(browser or os)))


def _device(text: str, *, is_known: bool) -> str:
    if agent_reason(text):
        return "bot"
    return _device_of(text) or ("other" if is_known else "")


def _family(found: UserAgent | OS | None) -> str:
    family = found.family if found else ""
    return "" if family == "Other" else CONTROL.sub("", family)[:_FAMILY].strip()


@cache
def _resolver() -> Resolver:
    return resolver(load_lazy_builtins())
