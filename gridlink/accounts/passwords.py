"""Refuse passwords made of the product's name; revoke tokens when a password changes."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from gridlink.accounts.models import Token, User
from gridlink.accounts.names import look_alike

PRODUCT = "gridlink"
_NAME = look_alike(PRODUCT)
# How much alike the name and a password are from which on one is a variant of the other.
_SIMILARITY = 0.7


class ProductNameValidator:
    """Refuse the product's name and its variants, unless the rest would do alone."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError for a password that is little more than the name."""
        letters = [letter for letter in password.lower() if look_alike(letter)]
        alike = "".join(look_alike(letter) for letter in letters)
        if SequenceMatcher(None, alike, _NAME).ratio() >= _SIMILARITY:
            raise _refusal()
        if (start := alike.find(_NAME)) < 0:
            return
        rest = letters[:start] + letters[start + len(_NAME) :]
        try:
            # All validators, this one too: the name may occur again.
            validate_password("".join(rest), user)
        except ValidationError as error:
            raise _refusal() from error

    def get_help_text(self) -> str:
        """Return the rule, for forms."""
        return f"Your password must be more than the name {PRODUCT}."


class TokenRevoker:
    """Revoke an account's tokens whenever its password changes; accept every password.

    Django calls `password_changed` for each way to change one, and not when it only hashes it anew.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Accept the password."""

    def get_help_text(self) -> str:
        """Return what follows from a change."""
        return "A change ends all sessions and revokes all tokens."

    def password_changed(self, password: str, user: Any = None) -> None:
        """Revoke all tokens; sessions end by themselves, since each holds a hash of the password."""
        Token.objects.filter(user=user).delete()


def _refusal() -> ValidationError:
    return ValidationError("The password is too similar to the name of this service.")
