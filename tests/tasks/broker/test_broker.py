"""Test the patched kombu transport: a prefetch slot is freed even if Redis fails."""

from __future__ import annotations

from typing import Any

import pytest
from kombu.transport import redis, virtual
from redis.exceptions import TimeoutError as RedisTimeout

from tasks.broker.worker import SlotFreeingQoS


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tags whose slots were freed, while Redis answers nothing."""

    def hang(self: Any, delivery_tag: str, **options: Any) -> None:
        raise RedisTimeout("Timeout reading from socket")

    tags: list[str] = []
    monkeypatch.setattr(redis.QoS, "ack", hang)
    monkeypatch.setattr(redis.QoS, "reject", hang)
    monkeypatch.setattr(virtual.QoS, "ack", lambda self, tag: tags.append(tag))
    return tags


@pytest.mark.parametrize("method", ["ack", "reject"])
def test_a_slot_is_freed_while_redis_hangs_and_the_error_is_raised(
    freed: list[str], method: str
) -> None:
    qos = SlotFreeingQoS.__new__(SlotFreeingQoS)
    with pytest.raises(RedisTimeout):
        getattr(qos, method)("tag-1")
    assert freed == ["tag-1"]


def test_every_channel_to_redis_uses_it() -> None:
    assert redis.Channel.QoS is SlotFreeingQoS
