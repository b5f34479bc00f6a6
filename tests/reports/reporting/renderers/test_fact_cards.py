"""Test that facts that belong together share a card, and none is lost."""

from __future__ import annotations

import pytest

from reports.reporting.renderers.fact_cards import before_text, change_text, direction, group_facts
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Fact

LOCALIZER = Localizer(locale="en_GB", zone="UTC")
CLICKS = Fact("clicks", "Clicks", CellType.INTEGER, 5)
BEFORE = Fact("clicks_before", "Clicks before", CellType.INTEGER, 1204, before_of="clicks")
CHANGE = Fact("clicks_change", "Change", CellType.RATE, 0.123, change_of="clicks")
LINKS = Fact("links", "Links", CellType.INTEGER, 7)


def test_a_card_has_what_belongs_to_its_fact() -> None:
    first, second = group_facts([CLICKS, BEFORE, LINKS, CHANGE])
    assert (first.fact, first.before, first.change) == (CLICKS, BEFORE, CHANGE)
    assert (second.fact, second.before, second.change) == (LINKS, None, None)


def test_one_without_its_fact_has_a_card() -> None:
    assert [card.fact for card in group_facts([BEFORE, LINKS, CHANGE])] == [BEFORE, LINKS, CHANGE]


def test_facts_that_belong_to_each_other_all_have_cards() -> None:
    one = CLICKS._replace(before_of="links")
    other = LINKS._replace(before_of="clicks")
    itself = CHANGE._replace(change_of="clicks_change")
    facts = [one, other, itself]
    assert [card.fact for card in group_facts(facts)] == facts


@pytest.mark.parametrize(
    ("value", "words", "way"),
    [(0.123, "+12.30%", 1), (-0.041, "-4.10%", -1), (0.0, "0.00%", 0), (None, "\u2013", 0)],
)
def test_changes_have_a_sign(value: float | None, words: str, way: int) -> None:
    fact = CHANGE._replace(value=value)
    assert (change_text(fact, LOCALIZER), direction(fact)) == (words, way)


def test_what_was_before() -> None:
    assert before_text(BEFORE, LOCALIZER) == "1,204 before"
