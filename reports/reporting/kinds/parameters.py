"""The parameters of a kind of report: fields of a frozen dataclass, each with a type, a default and bounds.

What such a class says is enough to check what somebody sent, and to tell people what may be sent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, WholeNumberField


@dataclass(frozen=True, slots=True)
class Parameters:
    """None. Those of a kind are a frozen dataclass below this, with a default and `about` as metadata, of
    the types int, bool, Literal[...] of texts, or a tuple of any number of such a Literal."""


P = TypeVar("P", bound=Parameters)


def about(help_text: str, *, minimum: int | None = None, maximum: int | None = None) -> Any:
    """The metadata of a field; the bounds are for whole numbers, and included."""
    return {"help": help_text, "minimum": minimum, "maximum": maximum}


class FlagField(serializers.BooleanField):
    """A JSON boolean. Unlike BooleanField it does not take a word or a number for one."""

    def to_internal_value(self, data: Any) -> bool:
        """The boolean; raises ValidationError for any other type."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class SeveralField(BoundedListField):
    """One or more of the choices, each once."""

    default_error_messages = {"twice": "Name each of them once."}

    def to_internal_value(self, data: Any) -> list[str]:
        """The choices in the order given; raises ValidationError."""
        values = super().to_internal_value(data)
        if len(set(values)) < len(values):
            self.fail("twice")
        return values


@dataclass(frozen=True, slots=True)
class _Type:
    """What a type of Python is called, and the field that checks it."""

    name: str
    choices: tuple[str, ...]
    field: Callable[[dataclasses.Field[Any]], serializers.Field[Any, Any, Any, Any]]


def parse(cls: type[P], given: Mapping[str, Any]) -> P:
    """The parameters from JSON; what is missing has its default. Raises Invalid, whose `fields` say what is
    wrong with which parameter, also with one that there is not."""
    serializer = _serializer(cls)(data=given)
    if not serializer.is_valid():
        raise Invalid("Some parameters are not valid.", fields=dict(serializer.errors))
    values = serializer.validated_data
    return cls(**{key: tuple(each) if type(each) is list else each for key, each in values.items()})


def as_json(params: Parameters) -> dict[str, Any]:
    """All of them as JSON, from which `parse` makes the same again."""
    values = dataclasses.asdict(params)
    return {key: list(each) if isinstance(each, tuple) else each for key, each in values.items()}


def described(cls: type[Parameters]) -> list[dict[str, Any]]:
    """What may be sent, in the order of the fields: `name`, `type` ("integer", "boolean", "choice" or
    "choices"), `choices` (of the latter two), `minimum` and `maximum` (None where there is no bound),
    `default` and `help`."""
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
        for each, kind in _fields(cls)
    ]


def _serializer(cls: type[Parameters]) -> type[StrictSerializer]:
    fields = {each.name: kind.field(each) for each, kind in _fields(cls)}
    return type(f"{cls.__name__}Serializer", (StrictSerializer,), fields)


def _fields(cls: type[Parameters]) -> list[tuple[dataclasses.Field[Any], _Type]]:
    hints = get_type_hints(cls)
    return [(each, _type(hints[each.name])) for each in dataclasses.fields(cls)]


def _type(hint: Any) -> _Type:
    return _PLAIN[hint] if hint in _PLAIN else _MADE[get_origin(hint)](hint)


def _whole_number(each: dataclasses.Field[Any]) -> WholeNumberField:
    bounds = {"min_value": each.metadata["minimum"], "max_value": each.metadata["maximum"]}
    return WholeNumberField(required=False, **bounds)


def _flag(each: dataclasses.Field[Any]) -> FlagField:
    return FlagField(required=False)


def _choice(hint: Any) -> _Type:
    choices = get_args(hint)
    return _Type("choice", choices, lambda each: serializers.ChoiceField(choices, required=False))


def _choices(hint: Any) -> _Type:
    choices = get_args(get_args(hint)[0])
    return _Type(
        "choices",
        choices,
        lambda each: SeveralField(
            child=serializers.ChoiceField(choices),
            required=False,
            allow_empty=False,
            max_length=len(choices),
        ),
    )


_PLAIN = {int: _Type("integer", (), _whole_number), bool: _Type("boolean", (), _flag)}
_MADE: dict[Any, Callable[[Any], _Type]] = {Literal: _choice, tuple: _choices}
