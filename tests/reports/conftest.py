"""An account whose every byte is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from grids.models import Grid
from tests.support.client import Client, make_user
from tests.support.exports import MOMENT
from tests.support.npm import Npm


@pytest.fixture
def owner(transactional_db: None, rings: list[tuple[str, str]]) -> Client:
    """The account's owner; no message leaves the test."""
    return Client(make_user("alice"))


@pytest.fixture
def grid(owner: Client) -> Grid:
    """The owner's first grid."""
    assert owner.user
    return Grid.objects.create(
        user=owner.user, slug=f"gr_{1:032x}", title="Reading, later", created_on=MOMENT
    )


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Stands for npm, and fails until it is told what to do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    npm = Npm(folder)
    npm.does("exit 99")
    return npm
