"""Test that the product's name is no password."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from gridlink.accounts.passwords import ProductNameValidator
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes

VARIANTS = [
    "gridlink", "Gridlink", "GRIDLINK!", "gridlink1", "gridlink2026", "Gridlink-2026!", "gr1dl1nk",
    "Gr!dL!nk#1", "grid-link", "grid link", "mygridlink", "gridlinks", "gridlnk12", "gridlinkgridlink",
    "gridlink-gridlink-1", "gridlink12345678", "password-gridlink", "gridlink.password",
    "qwertyuiop gridlink",
]  # fmt: skip


@pytest.mark.parametrize("password", VARIANTS)
def test_the_name_and_its_variants_are_refused(password: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ProductNameValidator().validate(password)
    assert caught.value.messages == ["The password is too similar to the name of this service."]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "my gridlink horse battery",
        "linked lists of bridges",
        "🦊🦊🦊🦊🦊🦊🦊🦊",
    ],
)
def test_others_are_accepted_even_with_the_name_in_them(password: str) -> None:
    validate_password(password)


def test_nobody_registers_with_the_name_as_password(anonymous: Client) -> None:
    body = {"username": "ada", "password": "Gridlink2026"}
    with nothing_changes():
        error = assert_error(anonymous.post("auth/register/", body), 400, "invalid", "password")
    assert error["fields"] == {
        "password": ["The password is too similar to the name of this service."]
    }
