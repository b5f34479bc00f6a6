"""Test which usernames are reserved."""

from __future__ import annotations

import pytest

from gridlink.accounts.names import RESERVED, is_reserved
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import assert_error, nothing_changes

ALIKE = [
    "ROOT", "r00t", "ro0t", "_root", "root_", "r-o-o-t", "admin1", "admin-2026", "1admin",
    "ad_min", "ad.min", "adm1n", "admln", "adrnin", "4dm1n", "supp0rt", "5upport", "gr1dl1nk",
    "grid-link", "grid_link", "gridlink2", "9ridlink", "ap1", "4pi", "wvvw", "www",
]  # fmt: skip
OTHERS = [
    "ada", "alice", "bob", "carol", "adam", "adminton", "rooty", "rootbeer", "supporter",
    "gridlover", "apiary", "maria", "romain", "ab", "a1", "0-_", "42", "xx", "demo-12345678",
    "user1", "tester",
]  # fmt: skip


@pytest.mark.parametrize("name", [*sorted(RESERVED), *ALIKE])
def test_a_reserved_name_and_what_looks_like_it_are_reserved(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)


def test_the_list_names_the_operator_and_the_product() -> None:
    assert {"root", "admin", "support", "gridlink", "api", "postmaster", "abuse"} <= RESERVED


@pytest.mark.parametrize("name", ["root", "adm1n", "support-1", "grid_link", "api"])
def test_nobody_registers_a_reserved_name(anonymous: Client, name: str) -> None:
    with nothing_changes():
        refused = anonymous.post("auth/register/", {"username": name, "password": PASSWORD})
        error = assert_error(refused, 400, "invalid", "username")
    assert error["fields"] == {"username": ["This name is reserved."]}
