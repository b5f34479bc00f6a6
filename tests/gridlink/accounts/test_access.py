"""Test how names and slugs lead to accounts and tokens."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from gridlink.accounts.access import token_write, users_named
from gridlink.accounts.models import Token, User
from gridlink.lib.errors import NotFound
from tests.support.client import Client


@pytest.mark.usefixtures("bob")
def test_a_name_leads_to_its_account_however_it_is_typed(alice: Client) -> None:
    for name in ("alice", "ALICE"):
        assert [user.username for user in users_named(name)] == ["alice"]
    assert list(users_named("carol")) == []


def test_the_name_of_an_inactive_account_leads_nowhere(alice: Client) -> None:
    User.objects.update(is_active=False)
    assert list(users_named("alice")) == []


@pytest.mark.usefixtures("alice")
def test_a_name_that_cannot_be_stored_is_not_looked_up(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert list(users_named("alice\0")) == []


def test_a_token_is_found_by_its_own_slug_and_for_its_own_user(alice: Client, bob: Client) -> None:
    assert alice.user
    Client(alice.user, scopes=("read",))
    first, second = Token.objects.filter(user=alice.user).order_by("pk")
    for token in (first, second):
        assert token_write(alice.user, token.slug) == token
    (foreign,) = Token.objects.filter(user=bob.user)
    for slug in (foreign.slug, "to_" + "0" * 32, ""):
        with pytest.raises(NotFound):
            token_write(alice.user, slug)
