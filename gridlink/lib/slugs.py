"""Create public identifiers: a prefix for the kind, and 128 random bits in hex."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.core.validators import RegexValidator
from django.urls.converters import StringConverter

SLUG_LENGTH = 35
_BATCH = 256
# The part of an address that a user chooses; unlike a slug it has no underscore. Two that differ only in case
# are the same.
ALIAS_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
alias_validator = RegexValidator(
    rf"\A{ALIAS_PATTERN}\Z",
    "Use 1 to 64 letters (a to z), digits and hyphens, with no hyphen at either end.",
)


def new_slug(prefix: str) -> str:
    """Return a new identifier such as `gr_` followed by 32 hex digits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def new_slugs(prefix: str) -> Iterator[str]:
    """Yield new identifiers endlessly; faster, since random bits are drawn in batches."""
    while True:
        bits = secrets.token_hex(16 * _BATCH)
        for start in range(0, len(bits), 32):
            yield f"{prefix}_{bits[start : start + 32]}"


class SlugConverter(StringConverter):
    """Match public identifiers in URL paths."""

    regex = "[a-z]{2}_[0-9a-f]{32}"
