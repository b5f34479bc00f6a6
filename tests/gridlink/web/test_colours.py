"""Test the contrast of colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.web.colours import READABLE, contrast, is_colour, readable_ink

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#FFFFFF", "#000000", 21.0),
        ("#123456", "#123456", 1.0),
        # The greys on white that are known to just pass, and just fail.
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#b36f00", "#ffffff", 4.05),
    ],
)
def test_contrast(one: str, other: str, ratio: float) -> None:
    assert round(contrast(one, other), 2) == ratio


@given(COLOURS, COLOURS)
def test_contrast_is_the_same_both_ways(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21


@pytest.mark.parametrize("text", ["#1b1b1f", "#ABCDEF", "#000000"])
def test_what_is_a_colour(text: str) -> None:
    assert is_colour(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "red",
        "#fff",
        "#1b1b1",
        "#1b1b1f0",
        "#1b1b1f\n",
        "\n#1b1b1f",
        " #1b1b1f",
        "#1b1b1g",
        "1b1b1f",
        "#1b1b1f;background:url(//evil.example)",
        "#１２３４５６",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not is_colour(text)


@given(COLOURS, COLOURS | st.text(max_size=10))
def test_ink_is_readable_on_any_background(background: str, wanted: str) -> None:
    ink = readable_ink(background, wanted)
    assert contrast(ink, background) >= READABLE
    if is_colour(wanted) and contrast(wanted, background) >= READABLE:
        assert ink == wanted
    else:
        assert ink in ("#000000", "#ffffff")
