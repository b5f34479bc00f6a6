"""Archived rows are exactly those of `rows.txt`: the fields, their order, and every character."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gridlink.accounts.models import User
from grids.models import Grid
from reports.exports.archive.registry import TABLES
from tasks.models import Schedule
from tests.support.accounts import furnish
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.archives import archived, unzipped
from tests.support.reports.click_rows import noon
from tests.support.reports.exports import MOMENT

pytestmark = pytest.mark.django_db(transaction=True)

EXPECTED = Path(__file__).with_name("rows.txt")


def written_rows(client: Client) -> str:
    """Every row of the client's archive after the name of its table; days that pass have names."""
    files = unzipped(archived(client))
    text = "".join(
        f"{table.name} {line}\n"
        for table in TABLES
        for line in files[table.file_name].decode().splitlines()
    )
    days = {noon(ago).date(): f"<{ago} days ago>" for ago in range(4)}
    days |= dict.fromkeys(Schedule.objects.values_list("starts_on", flat=True), "<next year>")
    for day, name in days.items():
        text = text.replace(day.isoformat(), name)
    return text


def test_rows_are_written_as_ever(owner: Client) -> None:
    furnish(owner)
    User.objects.filter(pk=user_of(owner).pk).update(slug=f"us_{1:032x}", created_on=MOMENT)
    trash = {"created_on": MOMENT, "modified_on": MOMENT + timedelta(hours=1)}
    Grid.objects.filter(is_deleted=True).update(**trash)
    assert written_rows(owner) == EXPECTED.read_text()
