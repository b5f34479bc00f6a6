"""Test that small bodies which would cost much work are refused early and briefly."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.serializers import ListField

from gridlink.lib.rest.serializers import StrictSerializer
from grids.api.grids.serializers import TileSerializer
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid

_MANY = 100_000
_LINK = {"url": URL, "title": "x"}


def _longest(limit: int) -> str:
    return f"Ensure this field has no more than {limit} elements."


@pytest.mark.parametrize(
    ("path", "body", "limit", "within"),
    [
        ("auth/token/", {"username": "a", "password": "b", "scopes": ["read"] * _MANY}, 3, ()),
        ("links/", {**_LINK, "grid": "gr_x", "tags": ["same"] * _MANY}, 50, ()),
        ("links/bulk/", {"create": [1] * _MANY}, 1000, ()),
        ("links/bulk/", {"update": [1] * _MANY}, 1000, ()),
        ("links/bulk/", {"delete": [1] * _MANY}, 1000, ()),
        (
            "exports/",
            {"kind": "links", "format": "csv", "filters": {"grids": ["g"] * _MANY}},
            100,
            ("filters",),
        ),
        (
            "exports/",
            {"kind": "links", "format": "csv", "filters": {"tags": ["t"] * _MANY}},
            100,
            ("filters",),
        ),
    ],
)
def test_the_length_of_a_list_is_checked_first(
    alice: Client,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, Any],
    limit: int,
    within: tuple[str, ...],
) -> None:
    def looked(_: ListField, data: Any) -> list[Any]:
        raise AssertionError(f"{len(data)} items were looked at")

    monkeypatch.setattr(ListField, "run_child_validation", looked)
    with nothing_changes():
        answer = alice.post(path, body)
    assert answer.status_code == 400
    fields = answer.json()["error"]["fields"]
    for name in within:
        fields = fields[name]
    assert list(fields.values()) == [[_longest(limit)]]


def test_an_invalid_layout_is_refused_early(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = 0
    judge = StrictSerializer.to_internal_value

    def counted(self: StrictSerializer, data: Any) -> Any:
        nonlocal judged
        judged += isinstance(self, TileSerializer)
        return judge(self, data)

    monkeypatch.setattr(StrictSerializer, "to_internal_value", counted)
    path = f"grids/{make_grid(alice)['slug']}/layout/"
    with nothing_changes():
        answer = alice.put(path, {"links": [{}] * _MANY}, if_match="*")
        error = assert_error(answer, 400, "invalid", "links")
    assert judged == 20
    assert list(error["fields"]["links"]) == [str(index) for index in range(20)]
    assert set(error["fields"]["links"]["19"]) == {"slug", "x", "y", "width", "height"}


def test_the_length_of_a_layout_is_checked_first(alice: Client) -> None:
    path = f"grids/{make_grid(alice)['slug']}/layout/"
    with nothing_changes():
        answer = alice.put(path, {"links": [{}] * (_MANY + 1)}, if_match="*")
        error = assert_error(answer, 400, "invalid", "links")
    assert error["fields"]["links"] == {"non_field_errors": [_longest(_MANY)]}


def test_the_first_unknown_fields_are_named(alice: Client) -> None:
    body = {"title": "x", **{f"stray{number}": 1 for number in range(_MANY)}}
    with nothing_changes():
        answer = alice.post("grids/", body)
        assert_error(answer, 400, "invalid", *(f"stray{number}" for number in range(20)))


def test_a_long_unknown_name_is_cut(alice: Client) -> None:
    with nothing_changes():
        answer = alice.post("grids/", {"title": "x", "n" * 1_000_000: 1})
        assert_error(answer, 400, "invalid", "n" * 100)


@pytest.mark.parametrize("levels", [31, 500, 900])
def test_a_deep_style_is_refused(alice: Client, levels: int) -> None:
    style = b'{"a":' * levels + b"1" + b"}" * levels
    body = b'{"grid": "gr_x", "url": "https://x.example/", "title": "x", "style": %s}' % style
    http: Any = alice.http
    with nothing_changes():
        answer = http.generic("POST", "/api/v1/links/", body, "application/json")
        assert_error(answer, 400, "invalid", *(["style"] if levels < 32 else []))
