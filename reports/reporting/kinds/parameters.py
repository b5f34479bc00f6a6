"""Define, validate and describe the parameters of a kind: fields of a frozen dataclass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, WholeNumberField

LIMIT_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """Hold no parameters.

    Those of a kind are a frozen dataclass below this one, each field made by `parameter`, of the types int,
    Literal[...] of strings, or a tuple of any number of such a Literal.
    """


P = TypeVar("P", bound=Parameters)


def parameter(
    default: Any, help_text: str, *, minimum: int | None = None, maximum: int | None = None
) -> Any:
    """Return the dataclass field of a parameter; the bounds are for integers, and inclusive."""
    metadata = {"help": help_text, "minimum": minimum, "maximum": maximum}
    return dataclasses.field(default=default, metadata=metadata)


def limit_parameter(default: int, help_text: str) -> Any:
    """Return the dataclass field of a number of rows."""
    return parameter(default, help_text, minimum=1, maximum=LIMIT_MAX)


class ChoicesField(BoundedListField):
    """Accept one or more of the choices, each once."""

    default_error_messages = {"twice": "Name each of them once."}

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the choices in the order given; raises ValidationError."""
        values = super().to_internal_value(data)
        if len(set(values)) < len(values):
            self.fail("twice")
        return values


class _Type(NamedTuple):
    """Describe a parameter's type for clients, with the field that validates it."""

    name: str
    choices: tuple[str, ...]
    field: serializers.Field[Any, Any, Any, Any]


def parse(cls: type[P], given: Mapping[str, Any]) -> P:
    """Return the parameters from JSON, with defaults; raises Invalid per parameter."""
    serializer = _serializer(cls)(data=given)
    if not serializer.is_valid():
        raise Invalid("Some parameters are not valid.", fields=dict(serializer.errors))
    values = serializer.validated_data
    return cls(**{key: tuple(each) if type(each) is list else each for key, each in values.items()})


def as_json(params: Parameters) -> dict[str, Any]:
    """Return all parameters as JSON that `parse` accepts."""
    values = dataclasses.asdict(params)
    return {key: list(each) if isinstance(each, tuple) else each for key, each in values.items()}


def described(cls: type[Parameters]) -> list[dict[str, Any]]:
    """Describe the parameters for clients, in the order of the fields."""
    defaults = as_json(cls())
    return [
        {
            "name": each.name,
            "type": kind.name,
            "choices": list(kind.choices),
            "minimum": each.metadata["minimum"],
            "maximum": each.metadata["maximum"],
            "default": defaults[each.name],
            "help": each.metadata["help"],
        }
        for each, kind in _typed_fields(cls)
    ]


def _serializer(cls: type[Parameters]) -> type[StrictSerializer]:
    fields = {each.name: kind.field for each, kind in _typed_fields(cls)}
    return type(f"{cls.__name__}Serializer", (StrictSerializer,), fields)


def _typed_fields(cls: type[Parameters]) -> list[tuple[dataclasses.Field[Any], _Type]]:
    hints = get_type_hints(cls)
    fields = [(each, hints[each.name]) for each in dataclasses.fields(cls)]
    return [(each, _TYPES[get_origin(hint) or hint](hint, each.metadata)) for each, hint in fields]


def _integer(hint: Any, metadata: Mapping[str, Any]) -> _Type:
    bounds = {"min_value": metadata["minimum"], "max_value": metadata["maximum"]}
    return _Type("integer", (), WholeNumberField(required=False, **bounds))


def _choice(hint: Any, metadata: Mapping[str, Any]) -> _Type:
    choices = get_args(hint)
    return _Type("choice", choices, serializers.ChoiceField(choices, required=False))


def _choices(hint: Any, metadata: Mapping[str, Any]) -> _Type:
    choices = get_args(get_args(hint)[0])
    child = serializers.ChoiceField(choices)
    field = ChoicesField(child=child, required=False, allow_empty=False, max_length=len(choices))
    return _Type("choices", choices, field)


_TYPES: dict[Any, Callable[[Any, Mapping[str, Any]], _Type]] = {
    int: _integer,
    Literal: _choice,
    tuple: _choices,
}
