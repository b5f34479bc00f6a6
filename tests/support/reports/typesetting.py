"""Record the processes that typeset PDF."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from reports.reporting.renderers.pdf import renderer as pdf


def noted(
    monkeypatch: pytest.MonkeyPatch, started: Callable[[], None] = lambda: None
) -> list[subprocess.Popen[bytes]]:
    """A list that every one of them comes into; `started` is called once one has begun."""
    children: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            children.append(self)
            started()

    monkeypatch.setattr(pdf, "Popen", Noted)
    return children
