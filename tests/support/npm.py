"""A program called npm that stands for npm, and the packages that it leaves."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

NPM = """#!/bin/sh
echo "$@" > '{calls}'
{does}
"""


class Npm:
    """What npm does when it is called, and how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder / "calls"

    def does(self, script: str) -> None:
        program = self.folder / "npm"
        program.write_text(NPM.format(calls=self._calls, does=script))
        program.chmod(0o755)

    def leaves(self, package: bytes) -> None:
        (self.folder / "made.tgz").write_bytes(package)
        self.does(f"cp '{self.folder}/made.tgz' some-name-1.2.tgz")

    @property
    def call(self) -> str:
        return self._calls.read_text().strip()


def tgz(files: dict[str, bytes]) -> bytes:
    """A package of these files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def integrity(content: bytes) -> str:
    """The checksum as npm says it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
