"""Test that a slug that was ever somebody's is never another account's, however its row was deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from grids.models import Grid, Link
from reports.models import DeletedSlug, Report
from tasks.models import Schedule, WebhookEndpoint
from tests.support.accounts import furnish
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports.archives import archived, restored, verdicts

pytestmark = pytest.mark.django_db(transaction=True)

MODELS: tuple[Any, ...] = (Grid, Link, Report, Schedule, WebhookEndpoint)


@pytest.fixture
def bob(owner: Client) -> Client:
    """Another owner."""
    return Client(make_user("bob"))


def slugs(client: Client) -> set[str]:
    """The slugs of all that the client owns."""
    user = user_of(client)
    return {
        slug
        for model in MODELS
        for slug in model.objects.filter(user=user).values_list("slug", flat=True)
    }


def delete_account(owner: Client) -> None:
    """Delete the account, as the admin does."""
    user_of(owner).delete()


def delete_rows(owner: Client) -> None:
    """Delete the rows by SQL, as the undo of an import does."""
    with connection.cursor() as cursor:
        for model in (Link, Grid, Report, Schedule, WebhookEndpoint):
            cursor.execute(
                f"DELETE FROM {model._meta.db_table} WHERE user_id = %s", [user_of(owner).pk]
            )


@pytest.mark.parametrize("delete", [delete_account, delete_rows])
def test_no_other_account_takes_a_deleted_slug(
    owner: Client, bob: Client, delete: Callable[[Client], None]
) -> None:
    furnish(owner)
    data, theirs = archived(owner), slugs(owner)
    assert {slug[:2] for slug in theirs} == {"gr", "li", "rp", "sc", "wh"}
    delete(owner)
    assert set(DeletedSlug.objects.values_list("slug", flat=True)) == theirs
    result = restored(bob, data)
    assert len(slugs(bob)) == len(theirs)
    assert not slugs(bob) & theirs
    remarks = {
        remark.partition(";")[0] for table, _, remark in verdicts(result) if table != "account"
    }
    assert remarks == {"another user has its slug here: it gets a new one"}


def test_the_owner_gets_a_deleted_slug_back(owner: Client) -> None:
    furnish(owner)
    data, before = archived(owner), slugs(owner)
    delete_rows(owner)
    assert slugs(owner) == set()
    restored(owner, data)
    assert slugs(owner) == before
