"""Test that cursors are signed: any that a list did not issue is a clear 400."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.core import signing

from grids.models import Grid
from tests.support.client import Client
from tests.support.grids.checks import assert_error
from tests.support.grids.grids import make_grid

MESSAGE = "The cursor is not valid for this list."


def packed(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


WHEN = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ü",
        "!!!!",
        packed("not json"),
        packed("5"),
        packed("[]"),
        packed({"0": 1}),
        packed([0, [WHEN]]),
        packed([0, [WHEN, 1, 2]]),
        packed([True, [WHEN, 1]]),
        packed([0, [WHEN, "1"]]),
        packed([2, [WHEN, 1]]),
        packed(["0", [WHEN, 1]]),
        packed([[], [WHEN, 1]]),
        packed([0, {WHEN: 1, "id": 2}]),
        packed([0, "ab"]),
        packed([0, ["yesterday", 1]]),
        packed([0, ["2026-13-01T00:00:00Z", 1]]),
        packed([0, [5, 1]]),
        packed([0, [None, 1]]),
        packed([0, [WHEN, None]]),
        packed([0, [WHEN, "one"]]),
        packed([0, [WHEN, [1]]]),
        packed([0, [WHEN, 2**63]]),
        packed(f'[0, ["{WHEN}", 1e999]]'),
        packed(f'[0, ["{WHEN}", NaN]]'),
        packed(f'[0, ["{WHEN}", {"9" * 2000}]]'),
        packed("[" * 1500),
    ],
)
def test_a_forged_cursor_is_refused(alice: Client, cursor: str) -> None:
    make_grid(alice)
    error = assert_error(alice.get(f"grids/?cursor={cursor}"), 400, "invalid")
    assert error["message"] == MESSAGE


@pytest.mark.parametrize("title", [None, "nul\x00", "\ud800", "x" * 301, 5.5, ["x"], {}])
def test_a_forged_title_is_refused(alice: Client, title: Any) -> None:
    make_grid(alice)
    cursor = packed([0, [title, 1]])
    error = assert_error(alice.get(f"grids/?ordering=title&cursor={cursor}"), 400, "invalid")
    assert error["message"] == MESSAGE


def test_a_cursor_of_another_order_is_refused(alice: Client) -> None:
    for _ in range(2):
        make_grid(alice)
    url = alice.get("grids/?limit=1&ordering=title").json()["next"]
    other = url.replace("ordering=title", "ordering=created_on")
    assert_error(alice.get(other), 400, "invalid")


def test_a_cursor_outlives_a_rotation_of_the_secret_key(alice: Client, settings: Any) -> None:
    slugs = [make_grid(alice)["slug"] for _ in range(2)]
    url = alice.get("grids/?limit=1&ordering=title").json()["next"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"
    (row,) = alice.get(url).json()["results"]
    assert row["slug"] == slugs[1]
    settings.SECRET_KEY_FALLBACKS = []
    assert assert_error(alice.get(url), 400, "invalid")["message"] == MESSAGE


def test_a_cursor_signed_for_something_else_is_refused(alice: Client) -> None:
    make_grid(alice)
    cursor = signing.dumps([False, ["created_on", "id"], [WHEN, 1]], salt="something else")
    error = assert_error(alice.get(f"grids/?cursor={cursor}"), 400, "invalid")
    assert error["message"] == MESSAGE


def test_the_longest_title_makes_a_cursor_that_the_list_takes(alice: Client) -> None:
    assert alice.user
    for _ in range(2):
        Grid.objects.create(user=alice.user, title="\N{GRINNING FACE}" * 300)
    url = alice.get("grids/?limit=1&ordering=title").json()["next"]
    assert len(alice.get(url).json()["results"]) == 1
