"""Test the encoding of events between the public tier and the ingest."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grids.public import wire
from grids.public.wire import BadGroup, Event, Flag, Group, Kind, Target
from tests.support.grids.visits import event, group

_keys = st.integers(0, 2**63 - 1)
_texts = st.binary(max_size=50)
_targets = st.builds(Target, st.sampled_from([0, 1]), _keys, _keys, _keys, st.text(max_size=20))
_events = st.builds(
    Event, _targets, _keys, st.ip_addresses().map(str), _texts, _texts, _texts, _texts, _keys
)
_groups = st.builds(
    Group,
    st.text("0123456789abcdef", min_size=1),
    _keys,
    _keys,
    st.lists(_events, max_size=5),
    st.dictionaries(st.tuples(_keys, _keys, _keys, _keys), _keys, max_size=3),
)


def as_redis_returns(fields: dict[Any, Any]) -> dict[bytes, bytes]:
    return {
        name: value if isinstance(value, bytes) else str(value).encode()
        for name, value in fields.items()
    }


@settings(deadline=None)
@given(_groups)
def test_groups_come_out_as_they_went_in(sent: Group) -> None:
    assert wire.decode(as_redis_returns(wire.encode(sent))) == sent


def test_an_event_keeps_its_types() -> None:
    visit = Event(
        Target(Kind.VIEW, 1, 2), 3, "::1", b"\xff\x00", b"", b"", b"", Flag.HEAD | Flag.PREFETCH
    )
    (found,) = wire.decode(as_redis_returns(wire.encode(group(1, visit)))).events
    assert isinstance(found, Event)
    assert isinstance(found.target, Target)
    assert found == visit
    assert (found.target.link, found.target.tile) == (0, "")


def test_nothing_is_told_of_what_was_kept() -> None:
    assert set(wire.encode(group(1, event()))) == {b"p", b"n", b"a", b"c", b"d"}


WHOLE = as_redis_returns(wire.encode(group(1, event(0), event(1))))


@pytest.mark.parametrize("name", [b"p", b"n", b"a", b"c", b"d"])
def test_an_entry_without_a_field_is_no_group(name: bytes) -> None:
    fields = {key: value for key, value in WHOLE.items() if key != name}
    with pytest.raises(BadGroup):
        wire.decode(fields)


@pytest.mark.parametrize(
    "broken",
    [
        {b"n": b"one"},
        {b"a": b""},
        {b"c": b"1"},
        {b"c": b"\xff"},
        {b"p": b"\xff"},
        {b"d": b""},
        {b"d": b"\xc1"},
        {b"d": msgpack.packb(7)},
        {b"d": msgpack.packb([7, 7])},
        {b"d": msgpack.packb([[[0, 1, 2], 3], [[0, 1, 2], 3]])},
        {b"d": msgpack.packb([[[0] * 9, 1, "", b"", b"", b"", b"", 0]] * 2)},
        {b"u": b"\x91\x01"},
        {b"u": msgpack.packb([[1, 2, 3, 4]])},
    ],
    ids=repr,
)
def test_a_broken_entry_is_no_group(broken: dict[bytes, bytes]) -> None:
    with pytest.raises(BadGroup):
        wire.decode(WHOLE | broken)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_other_bytes_are_no_group(data: bytes) -> None:
    with pytest.raises(BadGroup):
        wire.decode(WHOLE | {b"d": data})


@settings(deadline=None)
@given(st.integers(0, len(WHOLE[b"d"]) - 1))
def test_a_group_that_is_cut_short_is_none(length: int) -> None:
    with pytest.raises(BadGroup):
        wire.decode(WHOLE | {b"d": WHOLE[b"d"][:length]})
