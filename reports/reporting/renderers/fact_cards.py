"""Group facts for people: each on a card with its earlier value and its change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.result import Fact


class FactCard(NamedTuple):
    """Represent a fact with the facts that are its earlier value and its change."""

    fact: Fact
    before: Fact | None
    change: Fact | None


def group_facts(facts: Iterable[Fact]) -> list[FactCard]:
    """Return cards of all facts; those that belong to another fact are on its card."""
    facts = list(facts)
    owners = {fact.name for fact in facts if not (fact.before_of or fact.change_of)}
    before = {fact.before_of: fact for fact in facts if fact.before_of in owners}
    change = {fact.change_of: fact for fact in facts if fact.change_of in owners}
    return [
        FactCard(fact, before.get(fact.name), change.get(fact.name))
        for fact in facts
        if owners.isdisjoint((fact.before_of, fact.change_of))
    ]


def before_text(fact: Fact, localizer: Localizer) -> str:
    """Format an earlier value, such as `1,204 before`."""
    return localizer.labels.before.format(value=localizer.cell(fact.type, fact.value))


def change_text(fact: Fact, localizer: Localizer) -> str:
    """Format a change with its sign, a plus included."""
    shown = localizer.cell(fact.type, fact.value)
    return f"+{shown}" if direction(fact) > 0 else shown


def direction(fact: Fact) -> int:
    """Return 1 for an increase, -1 for a decrease, 0 for neither."""
    value = fact.value if isinstance(fact.value, int | float) else 0
    return (value > 0) - (value < 0)
