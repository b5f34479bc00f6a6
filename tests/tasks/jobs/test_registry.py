"""Test the registry of runners."""

from __future__ import annotations

from typing import Any

import pytest

from gridlink.lib.queues import QUEUES
from tasks.jobs import registry
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobRunner, UnknownKind, register, runner_for


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_runners", dict(registry._runners))


def runner(kind_: str, queue_: str = "exports") -> type[JobRunner]:
    class Runner(JobRunner):
        kind = kind_
        queue = queue_

        def run(self, context: Any) -> Outcome:
            return Outcome()

    return Runner


def test_every_app_has_registered_its_own() -> None:
    # Other tests may have kinds of their own.
    apps = ("grids", "reports", "tasks")
    found = sorted(kind for kind in registry._runners if kind.partition(".")[0] in apps)
    assert found == [
        *("grids.check", "grids.import", "grids.undo"),
        *("reports.archive", "reports.export", "reports.report", "reports.restore"),
    ]
    for kind in found:
        runner = runner_for(kind)
        assert runner.kind == kind
        assert runner.queue in QUEUES
        assert runner.__module__.split(".")[0] == kind.split(".")[0]


def test_registered_is_found() -> None:
    made = runner("test.one")
    assert register(made) is made
    assert runner_for("test.one") is made


def test_a_kind_has_one_runner() -> None:
    register(runner("test.one"))
    with pytest.raises(ValueError, match=r"a runner for 'test.one' already"):
        register(runner("test.one"))


def test_queue_must_exist() -> None:
    with pytest.raises(ValueError, match="unknown queue 'nowhere'"):
        register(runner("test.two", "nowhere"))
    assert "test.two" not in registry._runners


def test_unknown_kind() -> None:
    with pytest.raises(UnknownKind, match=r"No worker knows jobs of the kind 'test.none'."):
        runner_for("test.none")
