"""Test which targets of visits are taken, and what their rows share."""

from __future__ import annotations

from typing import Any

import pytest

from grids.public.wire import Kind, Target
from reports.clicks.parsing.targets import TARGETS, target_without_tile

CLICK, VIEW = int(Kind.CLICK), int(Kind.VIEW)
LARGEST = (1 << 63) - 1


@pytest.mark.parametrize("number", [0, 1, LARGEST])
def test_numbers_from_zero_to_the_largest_key_are_taken(number: int) -> None:
    click = TARGETS[Target(CLICK, number, number, 1, "0,0,1,1")]
    assert (click.user, click.grid, click.link) == (number, number, 1)
    view = TARGETS[Target(VIEW, number, number, 0)]
    assert (view.user, view.grid, view.link) == (number, number, 0)


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_other_numbers_are_not(place: int, number: int) -> None:
    fields: list[Any] = [CLICK, 7, 7, 7, ""]
    fields[place] = number
    with pytest.raises(ValueError, match=r"(No such target|Out of range)"):
        TARGETS[Target(*fields)]


@pytest.mark.parametrize(("kind", "link"), [(VIEW, 1), (CLICK, 0), (2, 1), (-1, 0)])
def test_a_click_has_a_link_and_a_view_has_none(kind: int, link: int) -> None:
    with pytest.raises(ValueError, match="No such target"):
        TARGETS[Target(kind, 7, 7, link)]


# Numbers that equal whole ones, but that nothing else takes for such.
@pytest.mark.parametrize("wrong", [1.0, True])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_types_are_exact(place: int, wrong: object) -> None:
    fields: list[Any] = [VIEW, 1, 1, 0, "0,0,9,9"]
    fields[place] = wrong
    with pytest.raises(TypeError, match="No target"):
        TARGETS[Target(*fields)]


def test_a_tile_is_text() -> None:
    fields: list[Any] = [VIEW, 1, 1, 0, b""]
    with pytest.raises(TypeError, match="No target"):
        TARGETS[Target(*fields)]


def test_the_kind_follows_from_the_link() -> None:
    for link in (0, 3):
        target = target_without_tile(1, 2, link)
        assert (target.user, target.grid, target.link) == (1, 2, link)
    assert target_without_tile(1, 2, 3).row_start != target_without_tile(1, 2, 0).row_start
