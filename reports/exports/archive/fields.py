"""Derive the fields of archived rows from the models: type, length, choices, bounds, NULL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

from reports.exports.archive import values
from reports.exports.archive.values import Value

MISSING = object()
Check = Callable[[Any], object]
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Field:
    """Define a field of a row: how to read it, and what it may hold.

    `column` is the model's column that it carries, if any. `since` is the first schema that has the field;
    in older archives it is `default`.
    """

    name: str
    sql: str
    value: Value
    column: str = ""
    since: int = 1
    default: Any = MISSING


def model_fields(
    model: type[models.Model],
    table: str,
    names: Sequence[str],
    *,
    checks: Mapping[str, Check] = _NONE,
    overrides: Mapping[str, Value | Field] = _NONE,
) -> tuple[Field, ...]:
    """Return fields for columns of a model, read from `table`, in the order of `names`.

    `checks` raise ValueError for text or JSON that a column may not hold; `overrides` are used where the
    model allows more than an archive may have, or has the value under another name.
    """

    def field(name: str) -> Field:
        value = overrides.get(name) or value_of(model._meta.get_field(name), checks.get(name))
        return value if isinstance(value, Field) else Field(name, f"{table}.{name}", value, name)

    return tuple(map(field, names))


def value_of(field: Any, check: Check | None = None) -> Value:
    """Return what a column may hold according to its model field."""
    value = _BY_TYPE[field.get_internal_type()](field, check)
    return values.nullable(value) if field.null else value


def _text(field: Any, check: Check | None) -> Value:
    if field.choices:
        return values.choice([word for word, _ in field.flatchoices])
    return values.text(field.max_length, check)


def _integer(field: Any, _: Check | None) -> Value:
    low, high = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]
    if field.choices:
        numbers = [number for number, _ in field.flatchoices]
        low, high = min(numbers), max(numbers)
    for constraint in field.model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            for lookup, number in _comparisons(constraint.condition):
                name, _separator, operator = lookup.partition("__")
                if name == field.name and operator in _NARROWED:
                    low, high = _NARROWED[operator](low, high, number)
    return values.integer(low, high)


def _comparisons(condition: Any) -> Iterator[tuple[str, Any]]:
    """Yield the lookups that every row fulfils: those that only AND combines."""
    if isinstance(condition, tuple):
        yield condition
    elif (
        isinstance(condition, models.Q)
        and condition.connector == models.Q.AND
        and not condition.negated
    ):
        for child in condition.children:
            yield from _comparisons(child)


_NARROWED: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
    "gte": lambda low, high, number: (max(low, number), high),
    "gt": lambda low, high, number: (max(low, number + 1), high),
    "lte": lambda low, high, number: (low, min(high, number)),
    "lt": lambda low, high, number: (low, min(high, number - 1)),
}
_BY_TYPE: dict[str, Callable[[Any, Any], Value]] = {
    "CharField": _text,
    "TextField": _text,
    "PositiveSmallIntegerField": _integer,
    "PositiveIntegerField": _integer,
    "BigIntegerField": _integer,
    "BooleanField": lambda field, check: values.BOOLEAN,
    "DateTimeField": lambda field, check: values.MOMENT,
    "DateField": lambda field, check: values.DAY,
    "JSONField": lambda field, check: values.json_value(check),
}
