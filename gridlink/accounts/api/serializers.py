"""Define the JSON of accounts and tokens."""

from __future__ import annotations

from typing import Any

from babel import Locale, UnknownLocaleError
from rest_framework import serializers

from gridlink.accounts.api import examples
from gridlink.accounts.models import JobMail, Scope, WeekStart, username_validator
from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TextField,
)
from gridlink.lib.zones import zone_names


class RegisterSerializer(StrictSerializer):
    """Validate a new account."""

    username = TextField(max_length=32, validators=[username_validator])
    password = TextField(max_length=256, write_only=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True, max_length=254)
    display_name = TextField(required=False, default="", allow_blank=True, max_length=100)


class UserSerializer(ReadSerializer):
    """Represent an account to its owner."""

    example = examples.USER

    slug = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    email = serializers.CharField()
    time_zone = serializers.CharField(help_text="An IANA name; dates are shown in this zone.")
    week_start = serializers.ChoiceField(WeekStart.choices)
    locale = serializers.CharField(help_text="How numbers and dates are written, such as `de_AT`.")
    email_jobs = serializers.ChoiceField(
        JobMail.choices,
        help_text="Which finished jobs are reported by e-mail, if there is an address.",
    )
    created_on = serializers.DateTimeField()


class ZoneField(TextField):
    """Validate the IANA name of a time zone."""

    default_error_messages = {
        "unknown": "There is no such time zone; give an IANA name such as Europe/Athens."
    }

    def to_internal_value(self, data: Any) -> str:
        """Return the name; raise ValidationError for an unknown one."""
        name = super().to_internal_value(data)
        if name not in zone_names():
            self.fail("unknown")
        return name


class LocaleField(TextField):
    """Validate a locale that the server knows; `de-AT` means `de_AT`."""

    default_error_messages = {
        "unknown": "There is no such locale here; give one such as en, de_AT or zh_Hans_CN."
    }

    def to_internal_value(self, data: Any) -> str:
        """Return the locale as Babel writes it; raise ValidationError for an unknown one."""
        text = super().to_internal_value(data)
        try:
            return str(Locale.parse(text.replace("-", "_")))
        except (ValueError, UnknownLocaleError):
            self.fail("unknown")


class AccountSerializer(StrictSerializer):
    """Validate changes of an account; fields left out stay as they are."""

    display_name = TextField(required=False, allow_blank=True, max_length=100)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    time_zone = ZoneField(required=False, max_length=64)
    week_start = serializers.ChoiceField(WeekStart.choices, required=False)
    locale = LocaleField(required=False, max_length=32)
    email_jobs = serializers.ChoiceField(JobMail.choices, required=False)


class PasswordSerializer(StrictSerializer):
    """Validate a change of the password."""

    current_password = TextField(max_length=256, write_only=True)
    new_password = TextField(max_length=256, write_only=True)


class TokenRequestSerializer(StrictSerializer):
    """Validate a request for a token."""

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


class TokenSerializer(ReadSerializer):
    """Represent a token without its secret."""

    example = examples.TOKEN

    slug = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))
    created_on = serializers.DateTimeField()
    expiry = serializers.DateTimeField(source="expires_on")
    last_used_on = serializers.DateTimeField(allow_null=True)


class IssuedTokenSerializer(TokenSerializer):
    """Represent a new token with its secret, `token`, which is shown only once."""

    example = examples.ISSUED_TOKEN

    token = serializers.CharField()
