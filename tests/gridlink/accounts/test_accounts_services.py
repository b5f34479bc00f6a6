"""Test the services and selectors of accounts, and the command ensure_admin."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from gridlink.accounts.models import Scope, Token, User
from gridlink.accounts.selectors import token_by_secret
from gridlink.accounts.services import admin_ensure, token_issue
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import nothing_changes

pytestmark = pytest.mark.django_db


def ensure_admin() -> str:
    """The output of `manage.py ensure_admin`."""
    output = StringIO()
    call_command("ensure_admin", stdout=output)
    return output.getvalue()


def test_ensure_admin_creates_the_administrator_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    for _ in range(2):
        assert ensure_admin() == "Administrator: admin\n"
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("admin", True, True)
    assert user.check_password(PASSWORD)


def test_ensure_admin_takes_the_password_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("ADMIN_USER", "root")
    assert ensure_admin() == "Administrator: root\n"
    assert User.objects.get(username="root").check_password(PASSWORD)


def test_ensure_admin_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("ADMIN_PASSWORD_FILE", raising=False)
    with pytest.raises(CommandError, match=r"^Set ADMIN_PASSWORD \(or ADMIN_PASSWORD_FILE\)\.$"):
        ensure_admin()
    assert not User.objects.exists()


def test_admin_ensure_repairs_the_administrator_and_keeps_a_correct_password() -> None:
    user = User.objects.create_superuser("admin", password="an old one", is_active=False)
    mended = admin_ensure(username="admin", password=PASSWORD)
    assert mended.pk == user.pk
    assert (mended.is_active, mended.is_superuser) == (True, True)
    assert mended.check_password(PASSWORD)
    again = admin_ensure(username="admin", password=PASSWORD)
    assert again.password == mended.password


@pytest.mark.parametrize("is_staff", [False, True])
def test_ensure_admin_never_promotes_an_account_that_somebody_registered(
    monkeypatch: pytest.MonkeyPatch, is_staff: bool
) -> None:
    User.objects.create_user("chief", password="their own", is_staff=is_staff)
    monkeypatch.setenv("ADMIN_USER", "chief")
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    with (
        nothing_changes(),
        pytest.raises(
            CommandError,
            match=r"^'chief' is the name of an account that is no administrator\."
            r" Set ADMIN_USER to another name\.$",
        ),
    ):
        ensure_admin()


def test_a_token_and_its_user_are_found_in_one_query(
    alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        token = token_by_secret(secret=alice.token)
        assert token is not None
        assert token.user == alice.user


def test_two_tokens_never_share_a_secret() -> None:
    User.objects.create_user("ada", password=PASSWORD)
    fields: dict[str, Any] = {"name": "n", "scopes": ["read"], "expiry": None, "address": "::1"}
    secrets = [token_issue(username="ada", password=PASSWORD, **fields)[1] for _ in range(2)]
    assert secrets[0] != secrets[1]
    assert Token.objects.count() == 2


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        (["read"], {"read"}),
        (["write"], {"read", "write"}),
        (["admin"], {"read", "write", "admin"}),
        (["read", "admin"], {"read", "write", "admin"}),
        ([], set()),
    ],
)
def test_each_scope_allows_what_it_includes(held: list[str], allowed: set[str]) -> None:
    assert {scope.value for scope in Scope if Token(scopes=held).allows(scope)} == allowed


def test_a_token_is_expired_from_its_expiry_on() -> None:
    now = timezone.now()
    token = Token(expires_on=now)
    assert token.is_expired(now)
    assert not token.is_expired(now - timedelta(microseconds=1))


def test_the_full_name_is_the_display_name_or_the_username() -> None:
    assert User(username="ada").get_full_name() == "ada"
    assert User(username="ada", display_name="Ada L.").get_short_name() == "Ada L."
