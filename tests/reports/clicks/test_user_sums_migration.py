"""A migration creates users' sums in a database of an earlier version."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from reports.models import UserDayValue, UserHour
from tests.support.accounts import furnish
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports.click_rows import make_click, noon

pytestmark = pytest.mark.django_db(transaction=True)


def found() -> list[set[tuple[Any, ...]]]:
    """Every row."""
    return [set(model.objects.values_list()) for model in (UserHour, UserDayValue)]


def test_existing_sums_are_added_up() -> None:
    owner = Client(make_user("alice"))
    for number, client in enumerate([owner, Client(make_user("bob"))]):
        make_click(noon(1), grid_id=90 + number, user_id=user_of(client).pk)
        make_click(noon(1), grid_id=92 + number, user_id=user_of(client).pk)
    furnish(owner)
    kept = found()
    assert all(kept)
    for model in (UserHour, UserDayValue):
        model.objects.all().delete()
    migration = import_module("reports.migrations.0004_user_sums")
    with connection.cursor() as cursor:
        for statement in (migration.HOURS, migration.VALUES):
            cursor.execute(statement)
    assert found() == kept
