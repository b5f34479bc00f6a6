"""Test the event that is stored of a request."""

from __future__ import annotations

from typing import Any

import pytest

from grids.public import wire
from grids.public.events import EventFactory
from grids.public.wire import Event, Flag, Kind, Target
from tests.support.grids.visits import group

TARGET = Target(Kind.CLICK, 1, 2, 3, "0,0,1,1")
PEER = "198.51.100.7"


def visit(
    *headers: tuple[bytes, bytes],
    trusted: int = 0,
    honour: bool = True,
    method: str = "GET",
    query: bytes = b"",
    client: tuple[str, int] | None = (PEER, 1),
) -> Event:
    scope: dict[str, Any] = {
        "headers": list(headers),
        "method": method,
        "query_string": query,
        "client": client,
    }
    return EventFactory(trusted, honour).event(TARGET, 1_800_000_000.1239, scope)


AGENT = (b"user-agent", b"agent")
PERSONAL = (AGENT, (b"referer", b"https://a.example/"), (b"accept-language", b"de-CH"))


def test_a_visit_as_it_is_kept() -> None:
    assert visit(*PERSONAL, (b"cookie", b"a=b"), query=b"utm_source=x") == Event(
        TARGET,
        1_800_000_000_123,
        PEER,
        b"agent",
        b"https://a.example/",
        b"de-CH",
        b"utm_source=x",
        0,
    )


def test_a_visit_that_tells_nothing() -> None:
    assert visit(client=None) == Event(TARGET, 1_800_000_000_123, "", b"", b"", b"", b"", 0)


def test_long_texts_are_cut() -> None:
    long = b"\xe4" * 65_536
    names = (b"user-agent", b"referer", b"accept-language")
    found = visit(*((name, long) for name in names), query=long)
    assert [*found[3:7]] == [b"\xe4" * 1024] * 4
    assert len(wire.encode(group(1, found))[b"d"]) < 4200


@pytest.mark.parametrize("text", [b"\xff\xfe\xc3", b"a\x00b", b"\xed\xa0\x80", b""])
def test_any_bytes_arrive_as_they_were_sent(text: bytes) -> None:
    found = visit((b"user-agent", text), (b"referer", text), query=text)
    fields = wire.encode(group(1, found))
    sent = {name: v if isinstance(v, bytes) else str(v).encode() for name, v in fields.items()}
    (arrived,) = wire.decode(sent).events
    assert (arrived.user_agent, arrived.referrer, arrived.query) == (text, text, text)


def forwarded(*lines: bytes, trusted: int) -> str:
    return visit(*((b"x-forwarded-for", line) for line in lines), trusted=trusted).address


@pytest.mark.parametrize(
    ("lines", "trusted", "address"),
    [
        ([b"203.0.113.9"], 0, PEER),
        ([], 1, PEER),
        ([b""], 1, PEER),
        ([b"203.0.113.9"], 1, "203.0.113.9"),
        # What the visitor sent comes first, and is not believed.
        ([b"6.6.6.6, 203.0.113.9"], 1, "203.0.113.9"),
        ([b"6.6.6.6, 203.0.113.9, 10.0.0.1"], 2, "203.0.113.9"),
        ([b"203.0.113.9"], 2, PEER),
        # Hops that append lines of their own.
        ([b"6.6.6.6", b"203.0.113.9"], 1, "203.0.113.9"),
        ([b"6.6.6.6", b"203.0.113.9", b"10.0.0.1"], 2, "203.0.113.9"),
        ([b"6.6.6.6", b"203.0.113.9, 10.0.0.1"], 2, "203.0.113.9"),
        ([b"2001:DB8:0:0::1"], 1, "2001:db8::1"),
        ([b"203.0.113.9:51001"], 1, "203.0.113.9"),
        ([b"[2001:db8::61]:51001"], 1, "2001:db8::61"),
        ([b"::ffff:203.0.113.77"], 1, "203.0.113.77"),
        ([b"6.6.6.6, [::FFFF:CB00:714D]:1", b"10.0.0.1:80"], 2, "203.0.113.77"),
        ([b"fe80::1%" + b"a" * 5000], 1, "fe80::1"),
        ([b"unknown"], 1, PEER),
        ([b"<script>"], 1, PEER),
        ([b"203.0.113.9\x00"], 1, PEER),
        ([b"\xff"], 1, PEER),
        ([b"1" * 65_536], 1, PEER),
    ],
)
def test_only_trusted_hops_say_who_came(lines: list[bytes], trusted: int, address: str) -> None:
    assert forwarded(*lines, trusted=trusted) == address


def test_a_peer_has_one_spelling_too() -> None:
    assert visit(client=("::ffff:203.0.113.77", 1)).address == "203.0.113.77"
    assert visit(client=("fe80::1%eth0", 1)).address == "fe80::1"


@pytest.mark.parametrize("refusal", [b"dnt", b"sec-gpc"])
@pytest.mark.parametrize("others", [(), (AGENT,), PERSONAL])
def test_who_is_not_to_be_tracked_is_not(
    refusal: bytes, others: tuple[tuple[bytes, bytes], ...]
) -> None:
    found = visit(*others, (refusal, b"1"), query=b"q")
    assert found.flags == Flag.DO_NOT_TRACK
    assert (found.address, found.referrer, found.language) == ("", b"", b"")
    assert (found.user_agent, found.query) == (dict(others).get(b"user-agent", b""), b"q")


@pytest.mark.parametrize("refusal", [b"dnt", b"sec-gpc"])
def test_the_wish_is_not_looked_at_where_it_is_not_honoured(refusal: bytes) -> None:
    assert visit(*PERSONAL, (refusal, b"1"), honour=False) == visit(*PERSONAL)


@pytest.mark.parametrize("value", [b"0", b"", b"11", b"yes"])
def test_only_a_one_is_a_wish(value: bytes) -> None:
    assert visit(*PERSONAL, (b"dnt", value)) == visit(*PERSONAL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"sec-purpose", b"prefetch"),
        (b"sec-purpose", b"prefetch;prerender"),
        (b"purpose", b"prefetch"),
        (b"x-moz", b"prefetch"),
        (b"x-purpose", b"Preview"),
    ],
)
def test_prefetches_are_flagged(name: bytes, value: bytes) -> None:
    assert visit(AGENT, (name, value)).flags == Flag.PREFETCH
    assert visit((name, value)).flags == Flag.PREFETCH
    assert visit((name, b"other")).flags == 0


def test_flags_add_up() -> None:
    found = visit((b"purpose", b"prefetch"), (b"dnt", b"1"), method="HEAD")
    assert found.flags == Flag.HEAD | Flag.PREFETCH | Flag.DO_NOT_TRACK
    assert visit(method="HEAD").flags == Flag.HEAD
    assert type(found.flags) is int
