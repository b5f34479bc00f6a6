"""Test that all formats of any result hold the same cells."""

from __future__ import annotations

from hypothesis import given, settings

from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.result import Result
from tests.support.reports.agreement import assert_all_agree
from tests.support.reports.rendered import render
from tests.support.reports.results import RESULT, results


def assert_agree(result: Result) -> None:
    assert_all_agree({name: render(name, result) for name in RENDERERS}, result)


def test_a_known_result() -> None:
    assert_agree(RESULT)


@settings(max_examples=8, deadline=None)
@given(result=results())
def test_any_result(result: Result) -> None:
    assert_agree(result)
