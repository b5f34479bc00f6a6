"""Work for jobs, made up by each test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.jobs import registry
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.schedules import registry as actions
from tests.support.platform import KIND
from tests.support.tasks.schedules import Action

Work = Callable[[JobContext], Outcome | None]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Call it with what jobs of the kind KIND shall do."""

    def install(work: Work) -> None:
        class Runner(registry.JobRunner):
            kind = KIND
            queue = "exports"

            def run(self, context: JobContext) -> Outcome:
                return work(context) or Outcome()

        monkeypatch.setitem(registry._runners, KIND, Runner)

    return install


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch, runs: Callable[[Work], None]) -> Action:
    """What schedules of tests start."""
    runs(lambda context: None)
    action = Action()
    monkeypatch.setitem(actions._actions, action.name, action)
    return action
