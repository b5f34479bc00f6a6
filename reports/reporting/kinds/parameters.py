"""Define, validate and describe the parameters of a kind: fields of a serializer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, WholeNumberField

LIMIT_MAX = 100_000


class ChoicesField(BoundedListField):
    """Accept one or more of the choices, each once."""

    default_error_messages = {"twice": "Name each of them once."}

    def __init__(self, choices: tuple[str, ...], **kwargs: Any) -> None:
        child = serializers.ChoiceField(choices)
        super().__init__(child=child, allow_empty=False, max_length=len(choices), **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the choices in the order given; raises ValidationError."""
        values = super().to_internal_value(data)
        if len(set(values)) < len(values):
            self.fail("twice")
        return values


class Parameters(StrictSerializer):
    """Validate no parameters.

    Those of a kind are a class below this one; each of its fields is of a type in _TYPES, and has a default
    and a help text.
    """


def limit_field(default: int, help_text: str, *, maximum: int = LIMIT_MAX) -> WholeNumberField:
    """Return the field of a number of rows."""
    return WholeNumberField(default=default, min_value=1, max_value=maximum, help_text=help_text)


def parse(cls: type[Parameters], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters, with defaults, from JSON and as JSON; raises Invalid per parameter."""
    serializer = cls(data=given)
    if not serializer.is_valid():
        raise Invalid("Some parameters are not valid.", fields=dict(serializer.errors))
    return dict(serializer.validated_data)


def described(cls: type[Parameters]) -> list[dict[str, Any]]:
    """Describe the parameters for clients, in the order of the fields."""
    return [
        {
            "name": name,
            "type": _TYPES[type(field)],
            "choices": list(getattr(getattr(field, "child", field), "choices", ())),
            "minimum": getattr(field, "min_value", None),
            "maximum": getattr(field, "max_value", None),
            "default": field.default,
            "help": field.help_text,
        }
        for name, field in cls().fields.items()
    ]


_TYPES: dict[type[serializers.Field[Any, Any, Any, Any]], str] = {
    WholeNumberField: "integer",
    serializers.ChoiceField: "choice",
    ChoicesField: "choices",
}
