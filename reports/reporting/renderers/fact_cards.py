"""Facts as people see them: each on a card, with what it was before and by how much it has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.result import Fact


@dataclass(frozen=True, slots=True)
class Card:
    """A fact, and the two that belong to it, if there are."""

    fact: Fact
    before: Fact | None = None
    change: Fact | None = None


def cards(facts: Iterable[Fact]) -> list[Card]:
    """All facts, each once: one that belongs to another that is there has no card of its own."""
    facts = list(facts)
    alone = {fact.name for fact in facts if not (fact.before_of or fact.change_of)}
    before = {fact.before_of: fact for fact in facts if fact.before_of in alone}
    change = {fact.change_of: fact for fact in facts if fact.change_of in alone}
    return [
        Card(fact, before.get(fact.name), change.get(fact.name))
        for fact in facts
        if alone.isdisjoint((fact.before_of, fact.change_of))
    ]


def before_words(fact: Fact, words: Words) -> str:
    """`1,204 before`."""
    return words.phrases.before.format(value=words.cell(fact.type, fact.value))


def change_words(fact: Fact, words: Words) -> str:
    """With its sign, also if that is a plus."""
    shown = words.cell(fact.type, fact.value)
    return f"+{shown}" if direction(fact) > 0 else shown


def direction(fact: Fact) -> int:
    """1 up, -1 down, 0 for neither."""
    value = fact.value if isinstance(fact.value, int | float) else 0
    return (value > 0) - (value < 0)
