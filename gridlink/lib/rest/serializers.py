"""Serializers that take what they are given and nothing else: no unknown field, no guessed type."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rest_framework import serializers

from gridlink.lib.text import CONTROL

# So that an answer to a body full of faults is not larger than the body.
FAULTS_MAX = 20
_NAME_LENGTH = 100


class BoundedListSerializer(serializers.ListSerializer[Any]):
    """Gives up on a list after its first bad items; the error maps an item's index to its faults."""

    max_length: int | None

    def to_internal_value(self, data: Any) -> list[Any]:
        """The validated items; raises ValidationError."""
        if not isinstance(data, list) or not 0 < len(data) <= (self.max_length or len(data)):
            refused: list[Any] = super().to_internal_value(data)  # which has the words for it
            return refused
        values: list[Any] = []
        faults: dict[int, Any] = {}
        for index, item in enumerate(data):
            try:
                values.append(self.run_child_validation(item))
            except serializers.ValidationError as error:
                faults[index] = error.detail
                if len(faults) == FAULTS_MAX:
                    break
        if faults:
            raise serializers.ValidationError(faults)  # type: ignore[arg-type]
        return values


class StrictSerializer(serializers.Serializer[Any]):
    """Input: an unknown or read-only field is an error, never dropped in silence."""

    class Meta:
        """What DRF makes of `many=True`."""

        list_serializer_class = BoundedListSerializer

    def to_internal_value(self, data: Any) -> Any:
        """DRF's validation, and the refusal of what is not a field."""
        strays = self._strays(data)
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **strays}) from error
            raise
        if strays:
            raise serializers.ValidationError(strays)
        return value

    def _strays(self, data: Any) -> dict[str, list[str]]:
        if not isinstance(data, Mapping):
            return {}
        known = {name for name, field in self.fields.items() if not field.read_only}
        strays = islice((str(name) for name in data if name not in known), FAULTS_MAX)
        return {name[:_NAME_LENGTH]: ["There is no such field here."] for name in strays}


class QuerySerializer(StrictSerializer):
    """The parameters of a URL's query; a mistyped filter is an error, not an unfiltered list."""

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> dict[str, Any]:
        """The validated parameters; raises ValidationError."""
        serializer = cls(data=query)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class TextField(serializers.CharField):
    """A JSON string. Unlike CharField it does not take a number for one, and keeps spaces as typed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The string; raises ValidationError for any other type."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TitleField(TextField):
    """One line of text with something to see in it."""

    default_error_messages = {
        "unprintable": "Control characters and line breaks are not allowed here."
    }

    def to_internal_value(self, data: Any) -> str:
        """The line; raises ValidationError for blanks alone, or what no line can hold."""
        text = super().to_internal_value(data)
        if not text.strip():
            self.fail("blank")
        if CONTROL.search(text):
            self.fail("unprintable")
        return text


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction. Unlike IntegerField it does not take a string for one."""

    def to_internal_value(self, data: Any) -> int:
        """The number; raises ValidationError for any other type."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class BoundedListField(serializers.ListField):
    """A list that is refused for its length before any item is looked at; ListField looks at all first."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self._longest = max_length
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        """The validated items; raises ValidationError."""
        if isinstance(data, list) and len(data) > self._longest:
            self.fail("max_length", max_length=self._longest)
        return super().to_internal_value(data)


def validated(serializer_class: type[StrictSerializer], data: Any, **kwargs: Any) -> dict[str, Any]:
    """The validated data of a request's body; raises ValidationError."""
    serializer = serializer_class(data=data, **kwargs)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
