"""Test changing the password: `account/password/`, and that tokens and sessions end however it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.test import Client as Browser

from gridlink.accounts import services
from gridlink.accounts.models import Token, User
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import assert_error, nothing_changes

NEW = "another horse and another staple"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


@pytest.fixture
def ada(db: None) -> Client:
    """Somebody with a password and a token."""
    return Client(User.objects.create_user("ada", password=PASSWORD))


def log_in(password: str) -> int:
    body = {"username": "ada", "password": password}
    return int(Client().post("auth/token/", body).status_code)


def user_of(client: Client) -> User:
    assert client.user
    client.user.refresh_from_db()
    return client.user


def test_the_new_password_replaces_the_old_one(ada: Client) -> None:
    before = user_of(ada).modified_on
    response = ada.post("account/password/", CHANGE)
    assert (response.status_code, response.content) == (204, b"")
    assert [log_in(PASSWORD), log_in(NEW)] == [401, 200]
    assert user_of(ada).modified_on > before


def test_all_tokens_and_sessions_of_the_account_end_and_no_others(ada: Client, bob: Client) -> None:
    User.objects.update(is_staff=True)
    reader = Client(user_of(ada), scopes=("read",))
    browser = Browser()
    browser.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert browser.get("/admin/").status_code == 200
    assert ada.post("account/password/", CHANGE).status_code == 204
    for client in (ada, reader):
        assert_error(client.get("account/"), 401, "unauthenticated")
    assert browser.get("/admin/").status_code == 302
    assert bob.get("account/").status_code == 200
    assert list(Token.objects.values_list("user__username", flat=True)) == ["bob"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("current_password", {"current_password": "wrong"}),
        ("current_password", {"current_password": ""}),
        ("new_password", {"new_password": "short"}),
        ("new_password", {"new_password": "gridlink2026"}),
        ("new_password", {"new_password": "x" * 257}),
        ("new_password", {"new_password": None}),
        ("nope", {"nope": 1}),
    ],
)
def test_a_wrong_or_weak_password_changes_nothing(
    ada: Client, field: str, change: dict[str, Any]
) -> None:
    with nothing_changes():
        answer = ada.post("account/password/", {**CHANGE, **change})
        assert_error(answer, 400, "invalid", field)


def test_an_account_that_cannot_log_in_has_no_password_to_change(alice: Client) -> None:
    with nothing_changes():
        answer = alice.post("account/password/", CHANGE)
        assert_error(answer, 400, "invalid", "current_password")


def test_a_reading_token_or_none_changes_no_password(ada: Client) -> None:
    reader = Client(user_of(ada), scopes=("read",))
    with nothing_changes():
        assert_error(reader.post("account/password/", CHANGE), 403, "forbidden")
        assert_error(Client().post("account/password/", CHANGE), 401, "unauthenticated")


@pytest.mark.throttled
def test_guesses_are_throttled_together_with_those_at_logging_in(
    ada: Client, settings: Any
) -> None:
    settings.LOGIN_ATTEMPTS = (3, 60.0)
    guess = {**CHANGE, "current_password": "wrong"}
    assert [ada.post("account/password/", guess).status_code for _ in range(2)] == [400, 400]
    assert log_in("wrong") == 401
    with nothing_changes():
        response = ada.post("account/password/", CHANGE)
        assert_error(response, 429, "throttled")
    assert response["Retry-After"] == "60"


# --- Every other way to change it ------------------------------------------------------------------


def by_shell(user: User) -> None:
    user.set_password(NEW)
    user.save()


def by_forbidding_to_log_in(user: User) -> None:
    user.set_unusable_password()
    user.save()


def by_command(user: User) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("getpass.getpass", lambda prompt: NEW)
        call_command("changepassword", user.username, verbosity=0)


def by_ensure_admin(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    services.admin_ensure(username=user.username, password=NEW)


def _by_admin(user: User, form: dict[str, str]) -> None:
    services.admin_ensure(username="chief", password=PASSWORD)
    browser = Browser()
    browser.post("/admin/login/", {"username": "chief", "password": PASSWORD})
    page = browser.post(f"/admin/accounts/user/{user.pk}/password/", form)
    assert page.status_code == 302


def by_admin(user: User) -> None:
    _by_admin(user, {"password1": NEW, "password2": NEW, "usable_password": "true"})


def by_admin_forbidding(user: User) -> None:
    _by_admin(user, {"usable_password": "false", "unset-password": "1"})


def by_own_form_of_the_admin(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    browser = Browser()
    browser.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser.post("/admin/password_change/", form).status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        by_shell,
        by_forbidding_to_log_in,
        by_command,
        by_ensure_admin,
        by_admin,
        by_admin_forbidding,
        by_own_form_of_the_admin,
    ],
)
def test_tokens_end_in_whatever_way_the_password_changes(
    ada: Client, bob: Client, change: Callable[[User], None]
) -> None:
    old = user_of(ada).password
    change(user_of(ada))
    assert user_of(ada).password != old
    assert_error(ada.get("account/"), 401, "unauthenticated")
    assert list(Token.objects.values_list("user__username", flat=True)) == ["bob"]


def test_a_hash_that_is_only_renewed_revokes_nothing(ada: Client, settings: Any) -> None:
    old = user_of(ada).password
    settings.PASSWORD_HASHERS = [
        "tests.gridlink.accounts.test_password_api.NewerHasher",
        *settings.PASSWORD_HASHERS,
    ]
    assert log_in(PASSWORD) == 200
    assert user_of(ada).password != old
    assert ada.get("account/").status_code == 200


class NewerHasher(MD5PasswordHasher):
    """Another hasher that is preferred now."""

    algorithm = "newer"


def test_a_log_in_under_way_gets_no_token_for_the_old_password(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password changes between the check of the old one and the token for it."""

    def checked(**credentials: Any) -> Any:
        user = authenticate(**credentials)
        by_shell(User.objects.get(username="ada"))
        return user

    monkeypatch.setattr(services, "authenticate", checked)
    assert log_in(PASSWORD) == 401
    assert not Token.objects.exists()
