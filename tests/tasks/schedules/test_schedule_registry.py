"""Test the registry of actions, and the deliveries that schedules may name."""

from __future__ import annotations

from typing import Any

import pytest

from gridlink.lib.errors import Invalid
from tasks.schedules import registry
from tasks.schedules.deliveries import validate_deliveries
from tests.support.tasks.schedules import Action


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_actions", {})


def test_registered_is_found_by_name() -> None:
    assert registry.register(Action) is Action
    assert isinstance(registry.get_action("test"), Action)
    assert registry.names() == ["test"]


def test_a_name_is_given_once() -> None:
    registry.register(Action)
    with pytest.raises(ValueError, match="'test' already"):
        registry.register(Action)


@pytest.mark.parametrize(("actions", "known"), [([], "nothing"), ([Action], "test")])
def test_the_unknown_is_refused(actions: list[Any], known: str) -> None:
    for action in actions:
        registry.register(action)
    with pytest.raises(Invalid) as error:
        registry.get_action("other")
    assert error.value.fields == {
        "action": [f"There is no such action; a schedule can start {known}."]
    }


def test_deliveries_get_the_options_that_were_left_out() -> None:
    given = [{"channel": "email"}, {"channel": "in_app"}]
    assert validate_deliveries(given) == [
        {"channel": "email", "attach": False},
        {"channel": "in_app"},
    ]
    assert validate_deliveries([]) == []
