"""Run an S3 server in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer

_SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "NO_PROXY": "127.0.0.1",
}


@contextmanager
def s3_server() -> Iterator[tuple[str, int]]:
    """Within the block it runs, at a host and a port, and takes parts of any size; boto3 has a key for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SURROUNDINGS.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            yield server.get_host_and_port()
        finally:
            server.stop()
