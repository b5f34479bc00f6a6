"""`compare_archives` says "equal" of equal accounts, and each difference of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from reports.exports.archive import compare
from tests.support.reports.archives import (
    noted,
    of_schema_1,
    rewritten,
    rows_of,
    saved,
    unzipped,
    zipped,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def data(good: bytes) -> bytes:
    """An archive of everything."""
    return good


def compared(folder: Path, first: bytes, second: bytes) -> tuple[bool, list[str]]:
    """Whether they are equal, and the lines."""
    out = StringIO()
    paths = [saved(folder, name, data) for name, data in (("a.zip", first), ("b.zip", second))]
    with suppress(CommandError):
        call_command("compare_archives", *map(str, paths), stdout=out)
    lines = out.getvalue().splitlines()
    return lines[-1] == "equal", lines


def test_an_archive_and_itself(tmp_path: Path, data: bytes) -> None:
    assert compared(tmp_path, data, data) == (True, ["equal"])


def test_the_order_of_rows_does_not_matter(tmp_path: Path, data: bytes) -> None:
    for name in ("clicks", "links", "grid_day_values"):
        other = rewritten(data, f"{name}.jsonl", list.reverse)
        assert rows_of(other, name) != rows_of(data, name)
        assert compared(tmp_path, data, other) == (True, ["equal"])


def test_the_instant_may_differ(tmp_path: Path, data: bytes) -> None:
    other = zipped(noted(unzipped(data), {"as_of": {"time": "later"}, "gridlink": "0.2"}))
    is_equal, (version, as_of, last) = compared(tmp_path, data, other)
    assert (is_equal, last) == (True, "equal")
    assert version == f"may differ: gridlink: {settings.VERSION} and 0.2"
    assert as_of.startswith("may differ: as_of: time=")


def test_whose_account_it_is_may_differ(tmp_path: Path, data: bytes) -> None:
    slug = f"us_{5:032x}"
    other = rewritten(data, "account.jsonl", lambda rows: rows[0].update(username="bob", slug=slug))
    is_equal, lines = compared(tmp_path, data, other)
    assert is_equal
    assert "may differ: account , username: alice and bob" in lines


def test_what_a_header_is_taken_for_may_differ(tmp_path: Path, data: bytes) -> None:
    other = rewritten(data, "agents.jsonl", lambda rows: rows[0].update(browser="Other"))
    is_equal, lines = compared(tmp_path, data, other)
    assert is_equal
    assert lines[0].endswith(" and Other")


def test_whether_a_webhook_is_enabled_may_differ(tmp_path: Path, data: bytes) -> None:
    other = rewritten(data, "webhooks.jsonl", lambda rows: rows[0].update(is_enabled=False))
    is_equal, lines = compared(tmp_path, data, other)
    assert is_equal
    assert f"may differ: webhooks slug=wh_{1:032x}, is_enabled: true and false" in lines


def test_what_an_older_schema_does_not_have_may_differ(tmp_path: Path, data: bytes) -> None:
    is_equal, lines = compared(tmp_path, data, of_schema_1(data))
    assert (is_equal, lines[-1]) == (True, "equal")
    assert lines[:4] == [
        "may differ: schema: 4 and 1",
        "may differ: account , email_jobs: failed and null",
        "may differ: account , locale: de_AT and null",
        "may differ: account , time_zone: Europe/Athens and null",
    ]
    assert "may differ: reports: archives of schema 1 do not have it" in lines


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        (
            "links",
            lambda rows: rows[0].update(title="New"),
            f"links slug=li_{1:032x}, title: =1+1 and New",
        ),
        (
            "links",
            lambda rows: rows[1].update(x=True),
            f"links slug=li_{2:032x}, x: 2 and true",
        ),
        (
            "grids",
            lambda rows: rows.pop(),
            f"grids slug=gr_{2:032x}: 1 in the first, 0 in the second",
        ),
        (
            "grids",
            lambda rows: rows[1].update(slug=f"gr_{8:032x}"),
            f"grids slug=gr_{8:032x}: 0 in the first, 1 in the second",
        ),
        (
            "account",
            lambda rows: rows[0].update(display_name="A"),
            "account , display_name: Alice & Söhne and A",
        ),
        (
            "schedules",
            lambda rows: rows[0].update(is_enabled=False),
            f"schedules slug=sc_{1:032x}, is_enabled: true and false",
        ),
        (
            "reports",
            lambda rows: rows[0].update(paper="a4"),
            f"reports slug=rp_{1:032x}, paper: letter and a4",
        ),
        (
            "link_hours",
            lambda rows: rows[0].update(humans=5, bots=2),
            "humans: 4 and 5",
        ),
    ],
)
def test_a_difference(
    tmp_path: Path, data: bytes, name: str, change: Callable[[list[Any]], object], line: str
) -> None:
    is_equal, lines = compared(tmp_path, data, rewritten(data, f"{name}.jsonl", change))
    assert not is_equal
    assert [found for found in lines if found.endswith(line)]


def test_a_click_more(tmp_path: Path, data: bytes) -> None:
    """How often the same one is there counts."""
    other = rewritten(data, "clicks.jsonl", lambda rows: rows.append(rows[0]))
    is_equal, (line,) = compared(tmp_path, data, other)
    assert not is_equal
    start = "clicks: 1 in the first, 2 in the second: "
    assert line.startswith(start)
    assert json.loads(line.removeprefix(start)) == rows_of(data, "clicks")[0]


def test_a_click_that_differs_is_two(tmp_path: Path, data: bytes) -> None:
    other = rewritten(data, "clicks.jsonl", lambda rows: rows[0].update(country="FR"))
    is_equal, lines = compared(tmp_path, data, other)
    assert not is_equal
    assert sorted(line[:41] for line in lines) == [
        "clicks: 0 in the first, 1 in the second: ",
        "clicks: 1 in the first, 0 in the second: ",
    ]


def test_of_many_differences_some_are_listed(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "REPORTED_MAX", 2)
    _, lines = compared(tmp_path, data, rewritten(data, "clicks.jsonl", list.clear))
    assert len(lines) == 3
    assert lines[-1] == f"clicks: {len(rows_of(data, 'clicks')) - 1 - 2} more"


def test_a_difference_ends_with_one(tmp_path: Path, data: bytes) -> None:
    other = rewritten(data, "clicks.jsonl", list.pop)
    paths = [saved(tmp_path, name, of) for name, of in (("a.zip", data), ("b.zip", other))]
    with pytest.raises(CommandError, match=r"^different$") as caught:
        call_command("compare_archives", *map(str, paths), stdout=StringIO())
    assert caught.value.returncode == 1


def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    one = saved(tmp_path, "one.zip", data)
    for other in (saved(tmp_path, "other.zip", data[:-1]), tmp_path / "missing.zip"):
        with pytest.raises(CommandError, match=r"^Cannot be compared: "):
            call_command("compare_archives", str(one), str(other))
