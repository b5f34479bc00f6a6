"""What several drills break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis import OwnRedis, point_celery_at


@pytest.fixture
def redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    """A Redis of the test's own, which this process and the workers it starts use."""
    before = settings.REDIS_URL
    server = OwnRedis(tmp_path / "redis")
    server.start()
    point_celery_at(server.url, settings)
    yield server
    server.stop()
    point_celery_at(before, settings)
