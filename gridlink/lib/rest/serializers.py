"""Provide strict serializers: no unknown fields, no coerced types."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

from rest_framework import serializers

from gridlink.lib.text import CONTROL

# Keeps the response to a body full of errors smaller than the body.
ERRORS_MAX = 20
_NAME_LENGTH = 100


class BoundedListSerializer(serializers.ListSerializer[Any]):
    """Validate a list until ERRORS_MAX items are invalid; errors are by index."""

    max_length: int | None

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the validated items; raise ValidationError."""
        if not isinstance(data, list) or not 0 < len(data) <= (self.max_length or len(data)):
            # DRF validates types and lengths, and raises the error.
            return list(super().to_internal_value(data))
        values: list[Any] = []
        errors: dict[int, Any] = {}
        for index, item in enumerate(data):
            try:
                values.append(self.run_child_validation(item))
            except serializers.ValidationError as error:
                errors[index] = error.detail
                if len(errors) == ERRORS_MAX:
                    break
        if errors:
            raise serializers.ValidationError(errors)  # type: ignore[arg-type]
        return values


class ReadSerializer(serializers.Serializer[Any]):
    """Represent an object as JSON; the API's documentation shows the `example`."""

    example: ClassVar[Any] = None


class StrictSerializer(serializers.Serializer[Any]):
    """Refuse unknown and read-only fields of the input."""

    class Meta:
        list_serializer_class = BoundedListSerializer

    def to_internal_value(self, data: Any) -> Any:
        """Validate the input; raise ValidationError also for unknown fields."""
        unknown = self._unknown(data)
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **unknown}) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return value

    def _unknown(self, data: Any) -> dict[str, list[str]]:
        if not isinstance(data, Mapping):
            return {}
        known = {name for name, field in self.fields.items() if not field.read_only}
        unknown = islice((str(name) for name in data if name not in known), ERRORS_MAX)
        return {name[:_NAME_LENGTH]: ["There is no such field here."] for name in unknown}


class TextField(serializers.CharField):
    """Validate a JSON string; unlike CharField, refuse numbers and keep spaces."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the string; raise ValidationError for other types."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TitleField(TextField):
    """Validate one line of visible text."""

    default_error_messages = {
        "unprintable": "Control characters and line breaks are not allowed here."
    }

    def to_internal_value(self, data: Any) -> str:
        """Return the line; raise ValidationError for blank text and control characters."""
        text = super().to_internal_value(data)
        if not text.strip():
            self.fail("blank")
        if CONTROL.search(text):
            self.fail("unprintable")
        return text


class WholeNumberField(serializers.IntegerField):
    """Validate a whole JSON number; unlike IntegerField, refuse strings."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number; raise ValidationError for other types."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class BoundedListField(serializers.ListField):
    """Check a list's length before its items, unlike ListField."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self._max_length = max_length
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the validated items; raise ValidationError."""
        if isinstance(data, list) and len(data) > self._max_length:
            self.fail("max_length", max_length=self._max_length)
        return super().to_internal_value(data)


def validated(serializer_class: type[StrictSerializer], data: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the validated body or query of a request; raise ValidationError."""
    serializer = serializer_class(data=data, **kwargs)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
