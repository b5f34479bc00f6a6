"""Test `auth/register/`: sign-up."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gridlink.accounts.models import User
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import assert_error, nothing_changes

ADA = {"username": "ada", "password": PASSWORD}


def test_name_and_password_are_enough(anonymous: Client) -> None:
    response = anonymous.post("auth/register/", ADA)
    assert response.status_code == 201
    user = User.objects.get()
    assert re.fullmatch("us_[0-9a-f]{32}", user.slug)
    assert response.json() == {
        "slug": user.slug,
        "username": "ada",
        "display_name": "",
        "email": "",
        "time_zone": "UTC",
        "week_start": "monday",
        "locale": "en",
        "email_jobs": "none",
        "created_on": user.created_on.isoformat().replace("+00:00", "Z"),
    }
    assert user.check_password(PASSWORD)
    assert PASSWORD not in user.password
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)


def test_all_fields(anonymous: Client) -> None:
    body = {**ADA, "email": "ada@example.org", "display_name": "Ada ‏עברית 🦊"}
    shown = anonymous.post("auth/register/", body).json()
    assert {name: shown[name] for name in ("username", "email", "display_name")} == {
        name: body[name] for name in ("username", "email", "display_name")
    }


def test_the_new_account_can_log_in(anonymous: Client) -> None:
    anonymous.post("auth/register/", ADA)
    assert anonymous.post("auth/token/", ADA).status_code == 200


def test_sign_up_can_be_closed(anonymous: Client, settings: Any) -> None:
    settings.SIGNUP_OPEN = False
    with nothing_changes():
        error = assert_error(anonymous.post("auth/register/", ADA), 403, "forbidden")
    assert error["message"] == "Sign-up is closed on this server."


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("abc", "This password is too short. It must contain at least 8 characters."),
        ("password", "This password is too common."),
        ("8273645091827", "This password is entirely numeric."),
        ("adalovelace", "The password is too similar to the username."),
    ],
)
def test_a_weak_password_is_refused(anonymous: Client, password: str, message: str) -> None:
    with nothing_changes():
        body = {"username": "adalovelace", "password": password}
        error = assert_error(anonymous.post("auth/register/", body), 400, "invalid", "password")
    assert message in error["fields"]["password"]


@pytest.mark.usefixtures("alice")
def test_a_name_can_be_taken_only_once(anonymous: Client) -> None:
    with nothing_changes():
        taken = anonymous.post("auth/register/", {"username": "alice", "password": PASSWORD})
        error = assert_error(taken, 400, "invalid", "username")
    assert error["fields"] == {"username": ["This name is taken."]}


@pytest.mark.parametrize("name", ["ab", "a1", "0-_", "x" * 32])
def test_names_that_are_allowed(anonymous: Client, name: str) -> None:
    made = anonymous.post("auth/register/", {"username": name, "password": PASSWORD})
    assert made.json()["username"] == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "x" * 33,
        "Ada",
        "-ada",
        "_ada",
        "ada lovelace",
        " ada",
        "ada\n",
        "ada/../root",
        "adä",
        "عدا",
        "‮ada",
        "🦊🦊",
        "ada\x00",
        "ａｄａ",
        "\u0430da",
        5,
        None,
        ["ada"],
        {"a": "b"},
    ],
)
def test_names_that_are_refused(anonymous: Client, name: Any) -> None:
    with nothing_changes():
        body = {"username": name, "password": PASSWORD}
        assert_error(anonymous.post("auth/register/", body), 400, "invalid", "username")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nonsense"),
        ("email", "a@b\x00.example"),
        ("email", "x" * 250 + "@example.org"),
        ("display_name", "x" * 101),
        ("display_name", "nul\x00"),
        ("display_name", 1),
        ("password", ""),
        ("password", None),
        ("password", "x" * 257),
        ("password", "nul\x00 battery staple"),
        ("is_superuser", True),
        ("slug", "us_" + "0" * 32),
        ("nope", 1),
    ],
)
def test_a_bad_or_unknown_field_is_named(anonymous: Client, field: str, value: Any) -> None:
    with nothing_changes():
        answer = anonymous.post("auth/register/", {**ADA, field: value})
        assert_error(answer, 400, "invalid", field)


@pytest.mark.parametrize("field", ["username", "password"])
def test_missing_fields_are_named(anonymous: Client, field: str) -> None:
    with nothing_changes():
        body = {name: value for name, value in ADA.items() if name != field}
        assert_error(anonymous.post("auth/register/", body), 400, "invalid", field)
