"""An archive of an account with something of everything, made once for all tests that only read it."""

from __future__ import annotations

import pytest

from tests.support.accounts import describe, furnish
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.archives import archived, forget_all


@pytest.fixture(scope="session")
def archives() -> dict[str, bytes]:
    """What was archived already."""
    return {}


@pytest.fixture
def good(owner: Client, archives: dict[str, bytes]) -> bytes:
    """An archive of the owner's account, of which nothing is left but the user."""
    if "account" in archives:
        describe(user_of(owner))
    else:
        furnish(owner)
        archives["account"] = archived(owner)
        forget_all()
    return archives["account"]
