"""Provide real User-Agent headers of browsers, apps and programs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Header(NamedTuple):
    """A header, and what is right to say of it; `reason` is "person" for a person's."""

    reason: str
    browser: str
    os: str
    device: str
    text: str


USER_AGENTS = [
    Header(*line.split("\t"))
    for line in Path(__file__).with_suffix(".tsv").read_text("utf-8").splitlines()
]
