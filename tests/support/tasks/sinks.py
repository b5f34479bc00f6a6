"""Provide objects to write bytes to."""

from __future__ import annotations


class WriteOnly:
    """Takes bytes, and can do nothing else."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)
