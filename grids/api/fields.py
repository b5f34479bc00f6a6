"""Validate fields of links and grids beyond their type."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import BoundedListField, TextField
from gridlink.lib.slugs import ALIAS_PATTERN, alias_validator
from gridlink.lib.text import is_storable
from gridlink.lib.weburl import URL_LENGTH, BadUrl, check_url
from grids.models import ALIAS_LENGTH, TAG_LENGTH, TAGS_MAX
from grids.services.styles import STYLE_SCHEMA, check_style

COLUMN_NAME_LENGTH = 200
_COLUMNS_MAX = 50
_COLOUR = re.compile(r"\A#[0-9a-fA-F]{6}\Z")


@extend_schema_field({"type": "string", "maxLength": URL_LENGTH, "example": "https://example.org/"})
class UrlField(TextField):
    """Validate an address that a link may have."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=URL_LENGTH + 100, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the address as typed. Raises ValidationError when a link may not have it."""
        try:
            return check_url(super().to_internal_value(data))
        except BadUrl as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field(STYLE_SCHEMA)
class StyleField(serializers.Field[Any, Any, Any, Any]):
    """Validate a link's style by the schema of `grids.services.styles`."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the style. Raises ValidationError when it does not match the schema."""
        try:
            return check_style(data)
        except Invalid as error:
            raise serializers.ValidationError(error.message) from error

    def to_representation(self, value: Any) -> Any:
        """Return the style as it is stored."""
        return value


class BackgroundField(TextField):
    """Validate a colour such as #1e90ff, the address of an image, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2048, allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the background. Raises ValidationError for anything else."""
        value = super().to_internal_value(data)
        if not value or _COLOUR.match(value):
            return value
        try:
            if value.startswith(("http://", "https://")):
                return check_url(value)
        except BadUrl:
            pass
        raise serializers.ValidationError("Give a colour like #1e90ff or an http(s) address.")


@extend_schema_field(
    {"type": "string", "nullable": True, "maxLength": ALIAS_LENGTH, "pattern": f"^{ALIAS_PATTERN}$"}
)
class AliasField(TextField):
    """Validate a short name that the owner chose; null for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=ALIAS_LENGTH, allow_null=True, validators=[alias_validator], **kwargs
        )


@extend_schema_field(
    {
        "type": "array",
        "maxItems": TAGS_MAX,
        "items": {"type": "string", "minLength": 1, "maxLength": TAG_LENGTH},
    }
)
class TagsField(BoundedListField):
    """Validate tags; outer spaces and repeats are removed, which count for the length."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TextField(max_length=TAG_LENGTH), max_length=TAGS_MAX, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the tags. Raises ValidationError for an empty one."""
        tags = [tag.strip() for tag in super().to_internal_value(data)]
        if not all(tags):
            raise serializers.ValidationError("A tag may not be empty.")
        return list(dict.fromkeys(tags))


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string", "maxLength": COLUMN_NAME_LENGTH},
        "example": {"url": "Destination URL", "title": "Name"},
    }
)
class ColumnsField(serializers.JSONField):
    """Validate the names of a table's columns by field, as JSON in a form."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the names; the service knows the fields. Raises ValidationError."""
        names = super().to_internal_value(data)
        if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
            raise serializers.ValidationError('Give an object such as {"url": "Destination URL"}.')
        if len(names) > _COLUMNS_MAX:
            raise serializers.ValidationError(f"Name at most {_COLUMNS_MAX} columns.")
        for name in (*names, *names.values()):
            if not name.strip() or len(name) > COLUMN_NAME_LENGTH or not is_storable(name):
                message = f"A name has 1 to {COLUMN_NAME_LENGTH} characters."
                raise serializers.ValidationError(message)
        return names
