"""Test the pages that say why there is nothing to see."""

from __future__ import annotations

import pytest

from grids.public.pages import messages
from grids.public.pages.document import Document
from tests.support.grids.pages import body, headers, html, scope


@pytest.mark.parametrize(
    ("page", "status", "heading"),
    [
        (messages.missing, 404, "There is nothing here"),
        (messages.early, 404, "Not yet"),
        (messages.gone, 410, "This link is gone"),
        (messages.try_again, 503, "Please try again"),
    ],
)
def test_a_message(page: object, status: int, heading: str) -> None:
    assert callable(page)
    answer: Document = page()
    assert answer.start["status"] == status
    assert (answer.target, answer.depends_on) == (None, ())
    found = html(answer)
    assert found.one("h1").text == found.one("title").text == heading
    assert found.one("p").text
    assert found.one("html").attributes["lang"] == "en"
    sent = headers(answer)
    assert sent["x-robots-tag"] == "noindex"
    assert sent["cache-control"] == "private, no-cache"
    assert sent.get("retry-after") == ("2" if status == 503 else None)
    # Made once: it must be at hand when nothing else is.
    assert page() is answer


def test_who_asks_again_gets_the_message_again() -> None:
    first = messages.missing()
    again = first.negotiate(scope(if_none_match=headers(first)["etag"], accept_encoding="br"))
    assert (again.start["status"], body(again)) == (404, body(first))
