"""The JSON of accounts and tokens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.accounts.models import Scope, username_validator
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField


class RegisterSerializer(StrictSerializer):
    """A new account."""

    username = TextField(max_length=32, validators=[username_validator])
    password = TextField(max_length=256, write_only=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True, max_length=254)
    display_name = TextField(required=False, default="", allow_blank=True, max_length=100)


class UserSerializer(serializers.Serializer[Any]):
    """An account as its owner sees it."""

    slug = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    email = serializers.CharField()
    created_on = serializers.DateTimeField()


class TokenRequestSerializer(StrictSerializer):
    """A password to trade for a token."""

    username = TextField(max_length=150)
    password = TextField(max_length=256, write_only=True)
    name = TextField(required=False, default="api", max_length=100)
    scopes = BoundedListField(
        child=serializers.ChoiceField(Scope.choices),
        required=False,
        default=[Scope.READ, Scope.WRITE],
        allow_empty=False,
        max_length=3,
    )
    expiry = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Default: in TOKEN_DAYS days."
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A token as a list shows it: never the secret."""

    slug = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))
    created_on = serializers.DateTimeField()
    expiry = serializers.DateTimeField(source="expires_on")
    last_used_on = serializers.DateTimeField(allow_null=True)


class IssuedTokenSerializer(TokenSerializer):
    """A fresh token; `token` is shown only here."""

    token = serializers.CharField()
