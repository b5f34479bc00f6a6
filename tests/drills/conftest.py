"""Provide fixtures that several drills share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis import OwnRedis, own_redis


@pytest.fixture
def redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    """A Redis of the test's own, which this process and the workers it starts use."""
    with own_redis(tmp_path / "redis", settings) as server:
        yield server
