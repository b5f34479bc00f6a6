"""Define the JSON of profiles."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from grids.api.fields import (
    StyleField,
)
from grids.models import (
    Theme,
)


class ProfileLinkSerializer(serializers.Serializer[Any]):
    """Represent a link to visitors."""

    slug = serializers.CharField()
    url = serializers.CharField()
    short_url = serializers.CharField(help_text="Where visitors click it, counted.")
    title = serializers.CharField()
    note = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    background = serializers.CharField()
    style = StyleField()  # type: ignore[assignment]


class ProfileGridSerializer(serializers.Serializer[Any]):
    """Represent a public grid and its first links; `links_url` leads to all of them."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    theme = serializers.ChoiceField(Theme.choices)
    columns = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    links_total = serializers.IntegerField()
    links_url = serializers.URLField()
    links = ProfileLinkSerializer(many=True)


class ProfileSerializer(serializers.Serializer[Any]):
    """Represent a user to visitors; `next` and `previous` page through the grids."""

    slug = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    created_on = serializers.DateTimeField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    grids = ProfileGridSerializer(many=True)
