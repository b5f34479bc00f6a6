"""Disks with little room: one that is a file system of its own, and one that is made believe anywhere."""

from __future__ import annotations

import errno
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Disk(ABC):
    """A folder's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    @abstractmethod
    def of(self, room: int) -> Iterator[None]:
        """So many bytes large, about, until the block ends; what is stored stays."""


class MountedDisk(Disk):
    """A tmpfs, which is there as long as the test."""

    @contextmanager
    def of(self, room: int) -> Iterator[None]:
        """Sizes are pages."""
        self._mount(f"remount,size={room}")
        try:
            yield
        finally:
            self._mount("remount,size=64m")

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Skips the test where nothing may be mounted."""
        self.folder.mkdir()
        if os.geteuid() or self._mount("size=64m"):
            pytest.skip("mounts are not allowed here")
        try:
            yield
        finally:
            subprocess.run(["umount", str(self.folder)], check=True)

    def _mount(self, options: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode


class MadeBelieveDisk(Disk):
    """`os.write` takes what fits, then fails with `code`."""

    def __init__(self, folder: Path, code: int = errno.ENOSPC) -> None:
        super().__init__(folder)
        self._code = code

    @contextmanager
    def of(self, room: int) -> Iterator[None]:
        """To the byte, unless two threads write at the same moment."""
        write = os.write

        def small(fd: int, data: Any, /) -> int:
            if not Path(f"/proc/self/fd/{fd}").readlink().is_relative_to(self.folder):
                return write(fd, data)
            left = room - used(self.folder)
            if left <= 0:
                raise OSError(self._code, os.strerror(self._code))
            return write(fd, memoryview(data)[:left])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "write", small)
            yield


def used(folder: Path) -> int:
    """The bytes of all files below."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # renamed or removed meanwhile
            continue
    return total
