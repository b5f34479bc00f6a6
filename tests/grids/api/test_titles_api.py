"""Test that titles are one line, and not blank."""

from __future__ import annotations

import pytest

from tests.support.client import Client

BAD = ["   ", "\u3000", "two\nlines", "tab\there", "bell\x07", "next\x85line", "para\u2029graph"]


@pytest.mark.parametrize("title", BAD)
def test_a_title_that_is_no_line_of_text_is_refused(alice: Client, title: str) -> None:
    answer = alice.post("grids/", {"title": title})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["title"]
    assert alice.get("grids/").json()["results"] == []


def test_spaces_around_a_title_stay(alice: Client) -> None:
    assert alice.post("grids/", {"title": " as typed "}).json()["title"] == " as typed "
